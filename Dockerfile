# SPDX-License-Identifier: Apache-2.0
# docker build -t promtally . ; run with a read-only root:
# docker run --read-only --cap-drop ALL -v promtally:/var/lib/promtally -v ./etc:/etc/promtally:ro -p 9899:9899 promtally

FROM debian:12-slim AS build
WORKDIR /src
COPY tools/setup tools/setup
RUN apt-get update && tools/setup --build-only \
 && apt-get install -y --no-install-recommends libgtest-dev libgmock-dev librapidcheck-dev python3 \
 && rm -rf /var/lib/apt/lists/*
COPY . .
ARG TESTS=ON
RUN cmake --preset release -DBUILD_TESTING=${TESTS} -DCMAKE_INSTALL_PREFIX=/usr \
 && cmake --build --preset release --target promtally
# The arithmetic that bills rest on is tested in the image that it ships in.
RUN if [ "${TESTS}" = ON ]; then \
      cmake --build --preset release --target unit_base unit_metering unit_ledger \
      && ctest --preset release -R '^(Decimal|Quantity|Ledger)' --parallel 2; \
    fi
RUN DESTDIR=/out cmake --install build/release --strip --prefix /usr

FROM debian:12-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libboost-json1.81.0 libcurl4 libfmt9 libnlopt0 \
      libprometheus-cpp-core1.0 libre2-9 libspdlog1.10 libsqlite3-0 libssl3 libxgboost0 \
      libyaml-cpp0.7 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 promtally \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/promtally --create-home --skel /dev/null \
      --shell /usr/sbin/nologin promtally
COPY --from=build /out/usr/bin/promtally /usr/bin/promtally
LABEL org.opencontainers.image.title="promtally" \
      org.opencontainers.image.description="Metering collector for Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001
WORKDIR /var/lib/promtally
VOLUME /var/lib/promtally
EXPOSE 9899
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --retries=3 CMD ["promtally", "health", "--url", "http://localhost:9899"]
ENTRYPOINT ["/usr/bin/promtally"]
CMD ["serve", "--config", "/etc/promtally/promtally.yml", "--ledger", "/var/lib/promtally/promtally.db", "--web.listen-address", ":9899"]
