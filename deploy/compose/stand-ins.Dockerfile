# The development provider and the header page, for deploy/compose-check.sh. Needs tests/node_modules (npm --prefix tests ci) in the context.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 libstdc++6 && rm -rf /var/lib/apt/lists/*
COPY tests/node_modules /srv/tests/node_modules
COPY tests/op /srv/tests/op
COPY deploy/demo-app /srv/deploy/demo-app
USER 65534
