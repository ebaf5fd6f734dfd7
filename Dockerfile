# The connector as an image; `--target sandbox` is the uContact sandbox. docs/image.md tells how to build and run them.
# Needs BuildKit. No "# syntax=" line: it would fetch a frontend, and the one that every engine since 20.10 has will do.

# Where it runs. Any image will do that has a Python of 3.11 to 3.14 and its libraries; pin it by digest for a release.
ARG BASE=python:3.13-slim-trixie
# Where it is built: the same Python at the same path, with venv and a shell.
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS dependencies
ARG SOURCE_DATE_EPOCH=315532800
# (The time of every file, the same for ever: equal contents are equal layers. 1980, as archives know nothing older.)
# One seed, so that sets are written into the compiled modules in one order.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all: PYTHONHASHSEED=0
WORKDIR /build
# `requirements-otel.txt`: with the extra `otel`, for `telemetry.traces`.
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} requirements-build.txt ./
# pip lives in a folder of its own and installs into the other one, which never has it. The secret is optional: the
# authority of a proxy that ends TLS. Of the phone numbers' data what only their geocoder reads stays out, the names of all
# places in the world: 41 MB, and nothing here asks for a place. Modules are compiled without a time or a check at run time: nothing changes them.
# (The one left out has syntax of Python 3.12, and is not imported by an older one.)
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export PIP_CERT=/run/secrets/ca.pem; fi && \
    python3 -m venv tools && \
    tools/bin/pip install --quiet --require-hashes -r requirements-build.txt && \
    python3 -m venv --without-pip /opt/lead-connector && \
    tools/bin/pip --python /opt/lead-connector/bin/python install --quiet --no-compile --require-hashes -r "${REQUIREMENTS}" && \
    rm -r /opt/lead-connector/bin/[aA]ctivate* /opt/lead-connector/lib/python3*/site-packages/phonenumbers/geodata && \
    /opt/lead-connector/bin/python -m compileall -q -x '/whenever/_typing_312\.py$' --invalidation-mode unchecked-hash /opt/lead-connector/lib && \
    mkdir -p rootfs/opt && cp -a /opt/lead-connector rootfs/opt/ && \
    chmod -R u=rwX,go=rX rootfs && \
    find rootfs -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM dependencies AS application
ARG SOURCE_DATE_EPOCH=315532800
# The sandbox and the test bed are not here, so the wheel is without them.
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY connector connector
RUN tools/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --only-binary=:none: -w wheel . && \
    tools/bin/pip --python /opt/lead-connector/bin/python install --quiet --no-compile --no-deps --no-index --root /build/app wheel/*.whl && \
    /opt/lead-connector/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /build/app -p / app && \
    cp -a schemas app/opt/lead-connector/ && \
    chmod -R u=rwX,go=rX app && \
    find app -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM dependencies AS sandbox-application
ARG SOURCE_DATE_EPOCH=315532800
COPY sandbox sandbox
# Its ledger is in /data, the one folder that it may write to.
RUN site=$(/opt/lead-connector/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
    mkdir -p "app$site" app/data && cp -a sandbox "app$site/" && \
    /opt/lead-connector/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /build/app -p / app && \
    chmod -R u=rwX,go=rX app && chown 65532:65532 app/data && \
    find app -exec touch -h -d "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE} AS runtime
ENV PATH=/opt/lead-connector/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Copies only: what RUN leaves behind would carry its time. So if the base has a pip, it stays, beside our environment.
COPY --from=dependencies /build/rootfs/ /
COPY --from=application /build/app/ /
WORKDIR /opt/lead-connector
USER 65532:65532
ENTRYPOINT ["lead-connector"]
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="lead-connector" \
    org.opencontainers.image.description="Lead events from Kafka to uContact, committed only after a successful POST" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.source="${SOURCE}"

FROM runtime AS sandbox
COPY --from=sandbox-application /build/app/ /
LABEL org.opencontainers.image.title="lead-connector-sandbox" \
    org.opencontainers.image.description="A stand-in for the uContact Automation API, for trials"
EXPOSE 8090
CMD ["sandbox", "--host", "0.0.0.0", "--directory", "/data"]

# The last stage is what is built when none is named.
FROM runtime AS connector
EXPOSE 9464
CMD ["--help"]
