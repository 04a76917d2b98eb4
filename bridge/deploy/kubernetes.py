"""Kubernetes' objects of a deployment: what runs, who reaches it, how it grows, and what it may do.

Secrets are taken by reference. Their values get into a file only by `secrets`, which somebody has to ask for.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from triglot.deploy.description import USER_ID, Deployment, Volume, only_ours
from triglot.errors import ConfigError

PORT_NAME: Final = "http"
READY_PERIOD_S: Final = 5
TIMEOUT_S: Final = 5
FAILURES: Final = 3
# Until every node has heard that an instance goes, requests still come to it.
LEAVE_S: Final = 5
CPU_TARGET_PERCENT: Final = 70
DNS_PORT: Final = 53
SERVICE_PORT: Final = 80
METRICS: Final = "/metrics"
NAME_LABEL: Final = "app.kubernetes.io/name"
ATTRIBUTES: Final = {
    "hostname": "kubernetes.io/hostname",
    "zone": "topology.kubernetes.io/zone",
    "region": "topology.kubernetes.io/region",
}


def objects(deployment: Deployment, *, service_monitor: bool = False) -> list[dict[str, Any]]:
    """Return the objects in the order in which they are applied.

    service_monitor: the metrics are found by a ServiceMonitor, whose kind Prometheus' operator brings along, and not by
    annotations of the pods.
    """
    only_ours(deployment, "what Kubernetes wants")
    scraped = {} if service_monitor else _scraped(deployment)
    made = [_config(deployment), *_claims(deployment), _deployment(deployment, scraped), _service(deployment)]
    if deployment.instances.most > deployment.instances.least:
        made.append(_autoscaler(deployment))
    made += [_budget(deployment), _network_policy(deployment)]
    if deployment.host:
        made.append(_ingress(deployment))
    if service_monitor:
        made.append(_service_monitor(deployment))
    return made


def secrets(deployment: Deployment, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the Secrets with the values that the environment has for the deployment's variables."""
    found: dict[str, dict[str, str]] = {}
    for variable, (name, key) in deployment.secrets.items():
        if not environ.get(variable):
            raise ConfigError(f"the value of the secret {name}/{key} is not there: set {variable} in the environment")
        found.setdefault(name, {})[key] = environ[variable]
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": _metadata(deployment, name),
            "type": "Opaque",
            "stringData": entries,
        }
        for name, entries in found.items()
    ]


def labels(deployment: Deployment) -> dict[str, str]:
    """Return the labels by which everything of the deployment is known."""
    return {NAME_LABEL: deployment.name, "app.kubernetes.io/part-of": "triglot"}


def pod(deployment: Deployment, container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification of a pod around its one container."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": deployment.stop_s + LEAVE_S,
        **_placement(deployment),
        "containers": [dict(container)],
        "volumes": [
            *({"name": _scratch(path), "emptyDir": {}} for path in deployment.scratch),
            *(_volume(deployment, volume) for volume in deployment.volumes),
        ],
    }


def container(deployment: Deployment, name: str) -> dict[str, Any]:
    """Return the one container of a pod."""
    health = deployment.health
    resources = {"cpu": _cpu(deployment.cpus), "memory": f"{deployment.memory}Mi"}
    return {
        "name": name,
        "image": deployment.image,
        "args": deployment.command,
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in {PORT_NAME: deployment.port, **deployment.service.ports}.items()
        ],
        "envFrom": [{"configMapRef": {"name": f"{deployment.name}-environment"}}],
        "env": [
            {"name": variable, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
            for variable, (secret, key) in deployment.secrets.items()
        ],
        # Memory beyond what was asked for is not to be counted on: R and Julia would be ended in the midst of a call.
        "resources": {"requests": resources, "limits": {"memory": resources["memory"]}},
        "startupProbe": _probe("/alive", READY_PERIOD_S, TIMEOUT_S, -(-deployment.load_s // READY_PERIOD_S)),
        "readinessProbe": _probe("/ready", READY_PERIOD_S, TIMEOUT_S, FAILURES),
        "livenessProbe": _probe("/alive", health.interval_s, health.timeout_s, health.failures),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(LEAVE_S)]}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            *({"name": _scratch(path), "mountPath": path} for path in deployment.scratch),
            *(
                {"name": volume.name, "mountPath": volume.path, "readOnly": volume.read_only}
                for volume in deployment.volumes
            ),
        ],
    }


def environment_digest(deployment: Deployment) -> dict[str, str]:
    """Return the annotation that changes with the ConfigMap, so that pods are replaced when it does."""
    text = json.dumps(dict(deployment.environment), sort_keys=True)
    return {"triglot/environment-sha256": hashlib.sha256(text.encode()).hexdigest()}


def _scraped(deployment: Deployment) -> dict[str, str]:
    """Return the annotations by which a Prometheus that looks for them finds the metrics."""
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/path": METRICS,
        "prometheus.io/port": str(deployment.port),
    }


def _metadata(deployment: Deployment, name: str = "") -> dict[str, Any]:
    return {"name": name or deployment.name, "labels": labels(deployment)}


def _config(deployment: Deployment) -> dict[str, Any]:
    metadata = _metadata(deployment, f"{deployment.name}-environment")
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(deployment.environment)}


def _claims(deployment: Deployment) -> list[dict[str, Any]]:
    # during an upgrade the old and the new instance may be on two nodes
    alone = deployment.instances.most == 1 and not deployment.upgrade.surge
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": _metadata(deployment, _claim(deployment, volume)),
            "spec": {
                "accessModes": ["ReadWriteOnce" if alone else "ReadWriteMany"],
                "resources": {"requests": {"storage": f"{volume.size}Mi"}},
            },
        }
        for volume in deployment.volumes
        if not volume.host
    ]


def _deployment(deployment: Deployment, annotations: Mapping[str, str]) -> dict[str, Any]:
    fixed = deployment.instances.least == deployment.instances.most
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(deployment),
        "spec": {
            # where there is an autoscaler, the number is its own
            **({"replicas": deployment.instances.least} if fixed else {}),
            "revisionHistoryLimit": 3,
            # long enough to load the models, and then some
            "progressDeadlineSeconds": max(600, 2 * deployment.load_s),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {
                    "maxUnavailable": _part(deployment.upgrade.unavailable),
                    "maxSurge": _part(deployment.upgrade.surge),
                },
            },
            "selector": {"matchLabels": labels(deployment)},
            "template": {
                "metadata": {
                    "labels": labels(deployment),
                    "annotations": {**annotations, **environment_digest(deployment)},
                },
                "spec": pod(deployment, container(deployment, deployment.name)),
            },
        },
    }


def _service(deployment: Deployment) -> dict[str, Any]:
    port = {
        "name": PORT_NAME,
        "port": deployment.service_port or SERVICE_PORT,
        "targetPort": PORT_NAME,
        "protocol": "TCP",
        "appProtocol": "http",
    }
    others = [
        {"name": name, "port": port, "targetPort": name, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"}
        for name, port in deployment.service.ports.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(deployment),
        "spec": {"type": "ClusterIP", "selector": labels(deployment), "ports": [port, *others]},
    }


def _service_monitor(deployment: Deployment) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": _metadata(deployment),
        "spec": {
            "jobLabel": NAME_LABEL,
            "selector": {"matchLabels": labels(deployment)},
            "endpoints": [{"port": PORT_NAME, "path": METRICS}],
        },
    }


def _autoscaler(deployment: Deployment) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": CPU_TARGET_PERCENT}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(deployment),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment.name},
            "minReplicas": deployment.instances.least,
            "maxReplicas": deployment.instances.most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def _budget(deployment: Deployment) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(deployment),
        # a minimum would keep a node of a single instance from ever being emptied
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(deployment)}},
    }


def _network_policy(deployment: Deployment) -> dict[str, Any]:
    names = [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")]
    out = [{"protocol": "TCP", "port": port} for port in deployment.outgoing_ports]
    inward = (deployment.port, *deployment.service.ports.values())
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(deployment),
        "spec": {
            "podSelector": {"matchLabels": labels(deployment)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": port} for port in inward]}],
            "egress": [{"ports": [*names, *out]}],
        },
    }


def _ingress(deployment: Deployment) -> dict[str, Any]:
    rewritten = deployment.path != "/"
    path = {
        "path": f"{deployment.path}(.*)" if rewritten else "/",
        "pathType": "ImplementationSpecific" if rewritten else "Prefix",
        "backend": {"service": {"name": deployment.name, "port": {"name": PORT_NAME}}},
    }
    # The service knows nothing of the prefix. This is how the ingress controller of nginx is told to take it away.
    annotations = {"nginx.ingress.kubernetes.io/rewrite-target": "/$1"} if rewritten else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {**_metadata(deployment), **({"annotations": annotations} if annotations else {})},
        "spec": {"rules": [{"host": deployment.host, "http": {"paths": [path]}}]},
    }


def _placement(deployment: Deployment) -> dict[str, Any]:
    said = deployment.constraints
    selector = {"matchLabels": labels(deployment)}
    made: dict[str, Any] = {}
    if said.unique:
        term = {"topologyKey": _attribute(said.unique), "labelSelector": selector}
        made["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    if said.spread:
        made["topologySpreadConstraints"] = [
            {
                "topologyKey": _attribute(said.spread),
                "maxSkew": 1,
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": selector,
            }
        ]
    if said.only:
        made["nodeSelector"] = {_attribute(name): value for name, value in said.only.items()}
    return made


def _attribute(name: str) -> str:
    return ATTRIBUTES.get(name, name)


def _volume(deployment: Deployment, volume: Volume) -> dict[str, Any]:
    if volume.host:
        return {"name": volume.name, "hostPath": {"path": volume.host, "type": "Directory"}}
    return {"name": volume.name, "persistentVolumeClaim": {"claimName": _claim(deployment, volume)}}


def _claim(deployment: Deployment, volume: Volume) -> str:
    return f"{deployment.name}-{volume.name}"[:63].rstrip("-")


def _scratch(path: str) -> str:
    return f"scratch-{path.strip('/').lower()}"


def _probe(path: str, period_s: int, timeout_s: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": PORT_NAME},
        "periodSeconds": period_s,
        "timeoutSeconds": timeout_s,
        "failureThreshold": failures,
    }


def _part(part: int | float) -> int | str:
    """Return a number of instances, or a share of them in percent."""
    return part if isinstance(part, int) else f"{part:.0%}"


def _cpu(cpus: float) -> str:
    return f"{cpus:g}" if cpus == int(cpus) else f"{round(cpus * 1000)}m"
