# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

# The compiler runs on the builder's own platform and crosses over: no emulation.
# It is named by digest, which Dependabot renews with the tag.
FROM --platform=$BUILDPLATFORM golang:1.26.8@sha256:3c3e25a4da13fd0478eed2df1eb35a0e667094a7124d3993a6a1d30f71c17e79 AS build
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
WORKDIR /src
# Modules first: they change less often than the code, so that layer is reused.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY main.go ./
COPY api/ api/
COPY controllers/ controllers/
COPY internal/ internal/
COPY hack/compile.sh hack/compile.sh
COPY hack/release/ hack/release/
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go run -C hack/release . roots >/ca-certificates.crt
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH hack/compile.sh "$VERSION" /waba-operator .

FROM build AS build-kubectl-waba
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
COPY cmd/kubectl-waba/ cmd/kubectl-waba/
COPY config/crd/ config/crd/
COPY test/graphsim/ test/graphsim/
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH hack/compile.sh "$VERSION" /kubectl-waba ./cmd/kubectl-waba

# The command line, for pipelines and for the chart's simulator: --target kubectl-waba.
FROM scratch AS kubectl-waba
ARG VERSION=unknown
LABEL org.opencontainers.image.title="kubectl-waba" \
      org.opencontainers.image.description="Command line for WhatsApp Business assets in Kubernetes" \
      org.opencontainers.image.source="https://github.com/waba-operator/waba-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build-kubectl-waba --chmod=444 /ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-kubectl-waba --chmod=555 /kubectl-waba /kubectl-waba
USER 65532:65532
ENTRYPOINT ["/kubectl-waba"]

# Nothing but the program and the certificates that it checks Meta's with: no
# shell, no package manager, nothing to patch. `make release-artifacts` makes the
# same without Docker; its tests compare these stages with what that does.
FROM scratch AS waba-operator
ARG VERSION=unknown
LABEL org.opencontainers.image.title="waba-operator" \
      org.opencontainers.image.description="Kubernetes operator for WhatsApp Business assets" \
      org.opencontainers.image.source="https://github.com/waba-operator/waba-operator" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build --chmod=444 /ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chmod=555 /waba-operator /waba-operator
USER 65532:65532
ENTRYPOINT ["/waba-operator"]
