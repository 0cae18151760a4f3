# docker build -t logto-proxy .
# docker run -v ./config.yaml:/etc/logto-proxy/config.yaml:ro -p 8080:8080 logto-proxy
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ cmake ninja-build pkg-config libevent-dev libcurl4-openssl-dev libssl-dev \
      libyaml-cpp-dev nlohmann-json3-dev libre2-dev libcli11-dev libfmt-dev
WORKDIR /src
COPY . .
RUN cmake --preset release && cmake --build --preset release && strip build/release/logto-proxy

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libevent-2.1-7 libcurl4 libssl3 libyaml-cpp0.7 libre2-9 libfmt9 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin logto-proxy
COPY --from=build /src/build/release/logto-proxy /usr/local/bin/logto-proxy
COPY LICENSE /usr/share/doc/logto-proxy/
# A library that is missing above fails the build, not the first start.
RUN logto-proxy --version
USER 10001
EXPOSE 8080
# Asks the admin listener that the configuration names; no curl in the image.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["logto-proxy", "health", "--config", "/etc/logto-proxy/config.yaml"]
ENTRYPOINT ["logto-proxy"]
CMD ["serve", "--config", "/etc/logto-proxy/config.yaml"]
