#!/bin/sh
# What a container of docker/spark.Dockerfile does: `master` or `worker` of a standalone cluster, or any other command,
# such as spark-submit.
case ${1:-} in
    master) shift && exec spark-class org.apache.spark.deploy.master.Master "$@" ;;
    worker) shift && exec spark-class org.apache.spark.deploy.worker.Worker "$@" ;;
    *) exec "$@" ;;
esac
