# syntax=docker/dockerfile:1
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/tillroll /tillroll

FROM debian:bookworm-slim
# curl serves the health checks; with DATABASE_URL set, no PostgreSQL is needed in the image.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/tillroll tillroll
COPY --from=build /tillroll /usr/local/bin/tillroll
USER tillroll
WORKDIR /var/lib/tillroll
VOLUME /var/lib/tillroll
ENV TILLROLL_DATA_DIR=/var/lib/tillroll \
    TILLROLL_HTTP_ADDR=0.0.0.0:8080 \
    TILLROLL_LOG_FORMAT=json
EXPOSE 8080 50051
STOPSIGNAL SIGTERM
ENTRYPOINT ["tillroll"]
CMD ["serve"]
