"""KServe's InferenceService of a deployment: the same pod, scaled by KServe instead of by a Deployment."""

from dataclasses import replace
from typing import Any, Final

from triglot.deploy import kubernetes
from triglot.deploy.description import Deployment

# KServe takes the container of this name for the server of the model.
CONTAINER: Final = "kserve-container"


def objects(deployment: Deployment) -> list[dict[str, Any]]:
    """Return what is applied: KServe makes the Deployment, the Service, the autoscaler and the route by itself."""
    replaced = {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy", "Ingress"}
    kept = [each for each in kubernetes.objects(deployment) if each["kind"] not in replaced]
    return [*kept, _inference_service(deployment)]


def _inference_service(deployment: Deployment) -> dict[str, Any]:
    # KServe's own Service has one port
    deployment = replace(deployment, service=replace(deployment.service, grpc_port=0))
    predictor: dict[str, Any] = {
        "minReplicas": deployment.instances.least,
        "maxReplicas": deployment.instances.most,
        "timeout": deployment.request_s,
        "annotations": kubernetes.environment_digest(deployment),
        **kubernetes.pod(deployment, kubernetes.container(deployment, CONTAINER)),
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": deployment.name,
            "labels": kubernetes.labels(deployment),
            # without Knative a pod keeps its own probes, volumes and grace
            "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"},
        },
        "spec": {"predictor": predictor},
    }
