# The image of Terway: terwayd, terwayctl, terway-deviced, the CNI plugin and the modules.
#
#     docker build -t terway:0.1.0 .
#
# No registry is named: images and packages come from wherever your builder is set to.
FROM debian:bookworm AS build
COPY . /src
WORKDIR /src
RUN ./dev packages

FROM debian:bookworm-slim
COPY --from=build /src/build/packages/*.deb /tmp/
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        /tmp/terway_*.deb /tmp/terway-modules_*.deb procps \
    && rm -rf /tmp/*.deb /var/lib/apt/lists/*
CMD ["terwayd", "--profile", "/etc/terway/profile.toml"]
