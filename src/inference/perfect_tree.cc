// SPDX-License-Identifier: Apache-2.0
#include "inference/perfect_tree.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace promtally::inference {

void WalkPlainly(const PerfectTree& tree, const float* values, std::size_t rows, float* sums) {
  for (std::size_t row = 0; row < rows; row += kLanes) {
    std::array<std::size_t, kLanes> place{};
    std::size_t level = 0;  // where the level begins
    for (int depth = 0; depth < tree.depth; ++depth) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t node = level + place[lane];
        const float value = values[static_cast<std::size_t>(tree.columns[node]) + row + lane];
        place[lane] = 2 * place[lane] + (value >= tree.conditions[node] ? 1U : 0U);
      }
      level = 2 * level + 1;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums[row + lane] += tree.leaves[place[lane]];
    }
  }
}

#if defined(__x86_64__)
namespace {

// The upper levels are small enough to compare with every node of them, the next ones to be looked
// up in registers; a gather is the slowest instruction here and is kept for the values.
#define PROMTALLY_AVX2 __attribute__((target("avx2")))

using Floats = __m256;
using Integers = __m256i;

PROMTALLY_AVX2 inline Floats Select(Floats left, Floats right, Floats is_right) {
  return _mm256_blendv_ps(left, right, is_right);
}
PROMTALLY_AVX2 inline Integers AsIntegers(Floats bits) { return _mm256_castps_si256(bits); }
PROMTALLY_AVX2 inline Floats IsRight(const float* values, Floats condition) {
  return _mm256_cmp_ps(_mm256_loadu_ps(values), condition, _CMP_GE_OQ);
}
PROMTALLY_AVX2 inline Integers LoadIntegers(const std::int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const Integers*>(from));
}

/// Eight rows on their way down.
struct Lanes {
  Floats first;   ///< right at the root
  Floats second;  ///< right at the level below
  Integers place;
  const float* values;  ///< of the first row
};

/// 8, 16 or 32 entries that start at `entries`, looked up by place.
template <int kEntries>
PROMTALLY_AVX2 inline Floats LookUp(const float* entries, const Lanes& lanes) {
  const Floats first = _mm256_permutevar8x32_ps(_mm256_loadu_ps(entries), lanes.place);
  if constexpr (kEntries == 8) {
    return first;
  } else {
    const Floats next = _mm256_permutevar8x32_ps(_mm256_loadu_ps(entries + 8), lanes.place);
    if constexpr (kEntries == 16) {
      return Select(first, next, lanes.first);
    } else {
      const Floats third = _mm256_permutevar8x32_ps(_mm256_loadu_ps(entries + 16), lanes.place);
      const Floats last = _mm256_permutevar8x32_ps(_mm256_loadu_ps(entries + 24), lanes.place);
      return Select(Select(first, next, lanes.second), Select(third, last, lanes.second),
                    lanes.first);
    }
  }
}

/// One level down, given each lane's condition and column.
PROMTALLY_AVX2 inline void Descend(Lanes& lanes, Floats conditions, Integers columns) {
  const Integers lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const Floats values =
      _mm256_i32gather_ps(lanes.values, _mm256_add_epi32(columns, lane), sizeof(float));
  const Floats is_right = _mm256_cmp_ps(values, conditions, _CMP_GE_OQ);
  lanes.place = _mm256_sub_epi32(_mm256_add_epi32(lanes.place, lanes.place), AsIntegers(is_right));
}

template <int kEntries>
PROMTALLY_AVX2 inline void DescendInRegisters(Lanes& lanes, const PerfectTree& tree) {
  const auto* const columns = reinterpret_cast<const float*>(tree.columns + (kEntries - 1));
  Descend(lanes, LookUp<kEntries>(tree.conditions + (kEntries - 1), lanes),
          AsIntegers(LookUp<kEntries>(columns, lanes)));
}

PROMTALLY_AVX2 inline void DescendInMemory(Lanes& lanes, const PerfectTree& tree, int level) {
  const std::int32_t begin = (1 << level) - 1;
  const Floats conditions =
      _mm256_i32gather_ps(tree.conditions + begin, lanes.place, sizeof(float));
  const Integers columns =
      _mm256_i32gather_epi32(tree.columns + begin, lanes.place, sizeof(std::int32_t));
  Descend(lanes, conditions, columns);
}

/// kDepth 3 to 6, or 0: any, from 6 levels on.
template <int kDepth>
PROMTALLY_AVX2 void WalkAvx2(const PerfectTree& tree, const float* values, std::size_t rows,
                             float* sums) {
  constexpr int kTop = 7;
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): GCC warns of vectors in templates
  Floats conditions[kTop];
  std::array<const float*, kTop> columns{};
  for (std::size_t i = 0; i < kTop; ++i) {
    conditions[i] = _mm256_broadcast_ss(tree.conditions + i);
    columns[i] = values + tree.columns[i];
  }
  const auto is_right = [&](std::size_t node, std::size_t row) PROMTALLY_AVX2 {
    return IsRight(columns[node] + row, conditions[node]);
  };
  for (std::size_t row = 0; row < rows; row += kLanes) {
    Lanes lanes{};
    lanes.values = values + row;
    lanes.first = is_right(0, row);
    lanes.second = Select(is_right(1, row), is_right(2, row), lanes.first);
    const Floats third =
        Select(Select(is_right(3, row), is_right(4, row), lanes.second),
               Select(is_right(5, row), is_right(6, row), lanes.second), lanes.first);
    lanes.place = _mm256_or_si256(
        _mm256_or_si256(_mm256_and_si256(AsIntegers(lanes.first), _mm256_set1_epi32(4)),
                        _mm256_and_si256(AsIntegers(lanes.second), _mm256_set1_epi32(2))),
        _mm256_and_si256(AsIntegers(third), _mm256_set1_epi32(1)));
    if constexpr (kDepth == 0 || kDepth > 3) {
      DescendInRegisters<8>(lanes, tree);
    }
    if constexpr (kDepth == 0 || kDepth > 4) {
      DescendInRegisters<16>(lanes, tree);
    }
    if constexpr (kDepth == 0 || kDepth > 5) {
      DescendInRegisters<32>(lanes, tree);
    }
    if constexpr (kDepth == 0) {
      for (int level = 6; level < tree.depth; ++level) {
        DescendInMemory(lanes, tree, level);
      }
    }
    const Floats leaves = _mm256_i32gather_ps(tree.leaves, lanes.place, sizeof(float));
    _mm256_storeu_ps(sums + row, _mm256_add_ps(_mm256_loadu_ps(sums + row), leaves));
  }
}

void WalkWithAvx2(const PerfectTree& tree, const float* values, std::size_t rows, float* sums) {
  switch (tree.depth) {
    case 3:
      return WalkAvx2<3>(tree, values, rows, sums);
    case 4:
      return WalkAvx2<4>(tree, values, rows, sums);
    case 5:
      return WalkAvx2<5>(tree, values, rows, sums);
    case 6:
      return WalkAvx2<6>(tree, values, rows, sums);
    default:
      return WalkAvx2<0>(tree, values, rows, sums);
  }
}

}  // namespace
#endif

WalkPerfectTree FastestWalk() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) {
    return WalkWithAvx2;
  }
#endif
  return WalkPlainly;
}

}  // namespace promtally::inference
