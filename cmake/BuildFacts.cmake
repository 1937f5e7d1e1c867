# SPDX-License-Identifier: Apache-2.0
# Revision, branch and commit time of the sources, for --version. The time is the commit's (or SOURCE_DATE_EPOCH), so that
# the same sources give the same binary.
function(promtally_build_facts output)
  foreach(fact revision branch time)
    set(git_revision rev-parse HEAD)
    set(git_branch rev-parse --abbrev-ref HEAD)
    set(git_time log -1 --format=%ct)
    execute_process(COMMAND git ${git_${fact}} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
      OUTPUT_VARIABLE ${fact} OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endforeach()
  if(DEFINED ENV{SOURCE_DATE_EPOCH})
    set(time $ENV{SOURCE_DATE_EPOCH})
  endif()
  if(time)
    set(ENV{SOURCE_DATE_EPOCH} ${time})
    string(TIMESTAMP date "%Y%m%d-%H:%M:%S" UTC)
  endif()
  set(PROMTALLY_REVISION "${revision}")
  set(PROMTALLY_BRANCH "${branch}")
  set(PROMTALLY_BUILD_DATE "${date}")
  configure_file(${PROJECT_SOURCE_DIR}/src/cli/build_facts.h.in ${output} @ONLY)
endfunction()
