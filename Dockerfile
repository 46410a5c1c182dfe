# syntax=docker/dockerfile:1

# Two images of one package:
#   docker build --target lean -t headrace:lean .   clients of Triton and Milvus
#   docker build --target full -t headrace:full .   ONNX Runtime and LanceDB too: runs without a server

ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# Embedded parts are optional dependencies. Sharp's own binaries are optional too, so what both servers need comes by name.
FROM ${NODE_IMAGE} AS clients
WORKDIR /opt
RUN npm install --ignore-scripts --no-audit --no-fund \
    @zilliz/milvus2-sdk-node@3.0.6 bullmq@6.7.0 ioredis@6.0.0 protobufjs@7.6.6 sharp@0.35.5 undici@7.30.2

FROM ${NODE_IMAGE} AS lean-modules
WORKDIR /opt/headrace
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE} AS full-modules
WORKDIR /opt/headrace
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# Node looks for a package beside the program first, then in /opt/node_modules.
FROM ${NODE_IMAGE} AS base
ENV NODE_ENV=production
COPY --from=clients /opt/node_modules /opt/node_modules
COPY --from=build /build/package.json /build/LICENSE /opt/headrace/
COPY --from=build /build/models /opt/headrace/models
COPY --from=build /build/config/headrace.schema.json /opt/headrace/config/
COPY --from=build /build/dist /opt/headrace/dist
RUN printf '#!/bin/sh\nexec node /opt/headrace/dist/cli/launcher.js "$@"\n' > /usr/local/bin/headrace \
    && chmod 755 /usr/local/bin/headrace \
    && install -d -o node -g node /data /models
WORKDIR /data
# The user "node" of the base image, as a number: that is what a cluster checks.
USER 1000:1000
ENTRYPOINT ["headrace"]
CMD ["--help"]

FROM base AS full
COPY --from=full-modules /opt/headrace/node_modules /opt/headrace/node_modules

FROM base AS lean
COPY --from=lean-modules /opt/headrace/node_modules /opt/headrace/node_modules
