# docker build -t logto-proxy .          on a small machine: --build-arg CMAKE_BUILD_PARALLEL_LEVEL=1
# How to run it, and what the configuration must say in a container: docs/MANUAL.md, section 4.
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ cmake ninja-build pkg-config libevent-dev libcurl4-openssl-dev \
      libssl-dev libyaml-cpp-dev nlohmann-json3-dev libre2-dev libcli11-dev libhiredis-dev libtomlplusplus-dev zlib1g-dev libbrotli-dev libnghttp2-dev tzdata uacme
WORKDIR /src
COPY . .
ARG CMAKE_BUILD_PARALLEL_LEVEL
RUN cmake --preset release && cmake --build --preset release

# All that the program needs to run: the libraries it links, the certificate authorities, the time zones, and uacme for certificates that
# come by themselves (tls.acme). With them, and with the libraries compiled
# into it, go their licences, and their package records where scanners look for them in an image that has no package manager.
# /var/lib/logto-proxy is for revocations.journal and tls.acme: a new volume there takes over its mode, and not every builder keeps an owner.
RUN mkdir -p /image/usr/local/bin /image/etc /image/var/lib/dpkg/status.d \
 && install -d -m 1777 /image/var/lib/logto-proxy \
 && install --strip build/release/logto-proxy /image/usr/local/bin/ \
 && install -D -m 644 LICENSE /image/usr/share/doc/logto-proxy/LICENSE \
 && cp -L /etc/os-release /image/etc/ \
 && install -D --strip /usr/bin/uacme /image/usr/bin/uacme \
 && ldd /image/usr/local/bin/logto-proxy /usr/bin/uacme | grep -o '/[^ :]*\.so[^ :]*' | sort -u >/tmp/libraries \
 && xargs cp -L --parents -t /image /etc/ssl/certs/ca-certificates.crt </tmp/libraries \
 && cp -rL --parents -t /image /usr/share/zoneinfo && rm -rf /image/usr/share/zoneinfo/posix /image/usr/share/zoneinfo/right \
 && { printf '%s\n' ca-certificates nlohmann-json3-dev libcli11-dev libtomlplusplus-dev tzdata uacme zlib1g-dev; \
      xargs readlink -f </tmp/libraries | sed 's,.*/,*/,' | xargs dpkg -S | cut -d: -f1; } | sort -u >/tmp/packages \
 && while read -r package; do \
      dpkg -s "$package" >"/image/var/lib/dpkg/status.d/$package" \
   && cp -L --parents -t /image "/usr/share/doc/$package/copyright" || exit 1; \
    done </tmp/packages \
 && chroot /image /usr/bin/uacme --version 2>&1 | grep -q '^uacme: version'

# docker build --target setup: for `logto-proxy provision --bootstrap-from-db`, which asks the database by psql, and has a shell to put commands in a row.
FROM debian:bookworm-slim AS setup
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates postgresql-client tzdata libyaml-cpp0.7 libcurl4 libevent-2.1-7 libssl3 \
      libhiredis0.14 libbrotli1 libnghttp2-14 zlib1g libre2-9 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -m 1777 /var/lib/logto-proxy
COPY --from=build /image/usr/local/bin/logto-proxy /usr/local/bin/
RUN ["/usr/local/bin/logto-proxy", "--version"]
USER 10001:10001
CMD ["logto-proxy", "provision", "--yes"]

# No shell, no package manager, no compiler: whoever breaks into the program finds nothing to go on with.
FROM scratch
COPY --from=build /image /
# A library that is missing above fails the build, not the first start.
RUN ["/usr/local/bin/logto-proxy", "--version"]
USER 10001:10001
EXPOSE 8080 8443
# Asks the admin listener that the configuration names: /etc/logto-proxy/config.yaml, unless LOGTO_PROXY_CONFIG names another.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/usr/local/bin/logto-proxy", "health"]
ENTRYPOINT ["/usr/local/bin/logto-proxy"]
CMD ["serve"]
