# rossi with the engine `heasoft`: the same stages, computed by HEASoft's own tasks. It stands on an image of HEASoft as
# its distribution makes it, which brings HEADAS, its initialisation and a Python, 3.11 or newer, with heasoftpy.
#
#     docker build --file docker/heasoft.Dockerfile --build-arg HEASOFT=heasoft:v6.35 --tag rossi-heasoft .
#
# rossi's packages go into an environment of their own, of the same Python, that sees heasoftpy too. The CALDB is mounted,
# and named by CALDB.
ARG HEASOFT

FROM ${HEASOFT} AS build
USER 0:0
ENV PIP_COMPILE=0 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY docker/requirements requirements
COPY docker/prune.py docker/first-process.pth ./
RUN python3 -m venv --system-site-packages /opt/rossi && \
    /opt/rossi/bin/python -m pip install --ignore-installed --no-deps --require-hashes --only-binary :all: \
        --requirement requirements/stage.txt --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY rossi rossi
COPY services services
COPY flows flows
RUN /opt/rossi/bin/python -m pip install --no-deps --no-build-isolation . && \
    cp first-process.pth /opt/rossi/lib/python3.*/site-packages && \
    /opt/rossi/bin/python prune.py /opt/rossi

FROM ${HEASOFT} AS stage
# Runs under any user id and on a read-only root: HEADAS writes parameter files, Perl tasks and matplotlib caches, all of
# it below /tmp, where each call of a task has a home and PFILES of its own. No task asks at a terminal.
ENV PATH=/opt/rossi/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    TMPDIR=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    HEADASNOQUERY=1 \
    HEADASPROMPT=/dev/null
WORKDIR /tmp
COPY --from=build /opt/rossi /opt/rossi
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="rossi with HEASoft" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
USER 10001:10001

# any stage: docker run rossi-heasoft services.pca_prep --request -
FROM stage AS heasoft
ENTRYPOINT ["python", "-m"]
CMD ["services.execution", "--help"]

# no image of a base without RXTE's tasks, or in which only a login shell finds HEASoft (workers have none)
FROM heasoft AS checked
RUN ["python", "-m", "services.engines.heasoft"]
