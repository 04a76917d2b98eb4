# An image for drivers and executors of Apache Spark: one of Triglot's, or of an application made of it, with Java and
# pyspark in the same Python.
#
#   docker build -f docker/spark.Dockerfile --build-arg BASE=triglot:latest -t triglot-spark docker
#
# SPARK is the release of the cluster; BASE brings Triglot, the languages and what models need besides.

ARG BASE=triglot:latest
# hadolint ignore=DL3006  # which base, and of which version, is said by whoever builds
FROM ${BASE}

ARG SPARK=4.3.0
# hadolint global ignore=DL3008,DL3013
USER 0:0
# the folder, which slim images of Debian lack, is where Java's packages put links
RUN mkdir --parents /usr/share/man/man1 \
    && apt-get update \
    && apt-get install -y --no-install-recommends default-jre-headless procps \
    && apt-get clean \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/log/*
RUN --mount=type=cache,target=/root/.cache/pip pip install --no-compile "pyspark==${SPARK}" \
    && ln --symbolic "$(python -c 'import pyspark; print(*pyspark.__path__)')" /opt/spark \
    && install --directory --owner 10001 --group 10001 /opt/spark-work
COPY spark.sh /usr/local/bin/triglot-spark
USER 10001:10001

ENV SPARK_HOME=/opt/spark \
    SPARK_NO_DAEMONIZE=1 \
    SPARK_WORKER_DIR=/opt/spark-work \
    PYSPARK_PYTHON=/opt/triglot/bin/python \
    PATH=/opt/spark/bin:$PATH
EXPOSE 7077
ENTRYPOINT ["/usr/bin/tini", "--", "triglot-spark"]
CMD ["master"]
HEALTHCHECK NONE
