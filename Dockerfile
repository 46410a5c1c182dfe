# syntax=docker/dockerfile:1

# Two images of one package, both with the service:
#   docker build --target headrace -t headrace .            everything: also runs without a server
#   docker build --target servers -t headrace:servers .     for Triton and Milvus: no ONNX Runtime, no LanceDB

# With a digest, node:…@sha256:…, the base image is the same for ever.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
# No script of a package runs. If one did, it would still not download CUDA libraries.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build-package.mjs

# Every package has the version of package-lock.json.
FROM build AS headrace-packages
RUN node scripts/image-packages.mjs headrace /packages

FROM build AS servers-packages
RUN node scripts/image-packages.mjs servers /packages

FROM ${NODE_IMAGE} AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Headrace" \
    org.opencontainers.image.description="Images become searchable vectors" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# Models of a hub are kept on the volume.
ENV NODE_ENV=production HF_HOME=/data/huggingface
COPY --from=build /build/package.json /build/LICENSE /opt/headrace/
COPY --from=build /build/models /opt/headrace/models
COPY --from=build /build/config/headrace.schema.json /opt/headrace/config/
COPY --from=build /build/scripts/image-health.mjs /opt/headrace/
COPY --from=build /build/dist /opt/headrace/dist
# Only /data, /models and /tmp are written to, so the rest can be read-only.
RUN ln -s ../../../opt/headrace/dist/cli/launcher.js /usr/local/bin/headrace \
    && chmod 755 /opt/headrace/dist/cli/launcher.js \
    && mkdir /data /models \
    && chown 1000:1000 /data /models
WORKDIR /data
# The user "node" of the base image, as a number: that is what a cluster checks.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "/opt/headrace/image-health.mjs"]
ENTRYPOINT ["headrace"]
CMD ["--help"]

FROM base AS servers
COPY --from=servers-packages /packages /opt/headrace/node_modules

# The last one is built without --target.
FROM base AS headrace
COPY --from=headrace-packages /packages /opt/headrace/node_modules
