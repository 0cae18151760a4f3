# For deploy/compose-check.sh: the development provider, a database as Logto's, and the header page. Needs tests/node_modules
# (npm --prefix tests ci) in the context.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 libstdc++6 postgresql && rm -rf /var/lib/apt/lists/*
COPY tests/node_modules /srv/tests/node_modules
COPY tests/op /srv/tests/op
COPY deploy/demo-app /srv/deploy/demo-app
COPY deploy/compose/stand-in-database.sh deploy/compose/stand-in-logto.mjs /srv/deploy/compose/
USER 65534
