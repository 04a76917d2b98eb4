"""Kubernetes' objects: valid for the strict schemas, and consistent where no schema looks."""

from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.described import deployment, full
from triglot.deploy import kserve, kubernetes, marathon
from triglot.deploy.description import Deployment, ServiceFacts
from triglot.deploy.text import to_yaml
from triglot.errors import ConfigError

VERSIONS = ("1.28", "1.37")
BY_GRPC = deployment(service=ServiceFacts(timeout_s=30.0, max_body_bytes=2**20, grpc_port=9001))
DEPLOYMENTS = {
    "plain": deployment(),
    "full": full(),
    "claims": deployment(instances=1, volumes=[{"name": "models", "path": "/data", "size": "5G"}]),
}


@pytest.fixture(params=DEPLOYMENTS)
def made(request: pytest.FixtureRequest) -> Deployment:
    return DEPLOYMENTS[request.param]


def by_kind(objects: list[dict[str, Any]]) -> dict[str, Any]:
    found = {each["kind"]: each for each in objects}
    assert len(found) == len(objects)
    return found


def validate(document: dict[str, Any], version: str) -> None:
    """Fail for what the schema refuses, and for a kind that it does not know, of which the command only warns."""
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid_as_it_is_written(made: Deployment, version: str) -> None:
    documents = list(yaml.safe_load_all(to_yaml(kubernetes.objects(made))))
    assert len(documents) >= 5
    for document in documents:
        validate(document, version)


def test_a_misspelt_field_and_an_unknown_kind_would_be_seen() -> None:
    with pytest.raises(kubernetes_validate.ValidationError, match="replica"):
        validate({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replica": 1}}, VERSIONS[-1])
    with pytest.raises(kubernetes_validate.SchemaNotFoundError):
        validate({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}, VERSIONS[-1])


def test_yaml_gives_every_reader_the_text_that_was_meant(made: Deployment) -> None:
    objects = kubernetes.objects(made)
    text = to_yaml(objects)
    assert list(yaml.safe_load_all(text)) == objects
    for variable, value in made.environment.items():
        # YAML 1.1 and 1.2 disagree about plain scalars such as 1e3, on, 0o17: so such are quoted
        assert f'{variable}: "' in text or value == "UTC"


def test_everything_selects_the_pods_of_the_deployment(made: Deployment) -> None:
    objects = by_kind(kubernetes.objects(made))
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert objects["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["Service"]["spec"]["selector"] == labels
    assert objects["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert objects["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels


def test_ports_names_and_mounts_fit_each_other(made: Deployment) -> None:
    objects = by_kind(kubernetes.objects(made))
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (port,) = container["ports"]
    assert objects["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert objects["NetworkPolicy"]["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": made.port}]}]
    assert {container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "readiness", "liveness")} == {"http"}
    assert [each["name"] for each in pod["volumes"]] == [each["name"] for each in container["volumeMounts"]]
    assert container["envFrom"][0]["configMapRef"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    claims = {each["persistentVolumeClaim"]["claimName"] for each in pod["volumes"] if "persistentVolumeClaim" in each}
    assert claims == {each["metadata"]["name"] for each in [objects.get("PersistentVolumeClaim")] if each}


def test_probes_wait_for_the_models_and_a_pod_may_drain() -> None:
    made = full()
    pod = by_kind(kubernetes.objects(made))["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    startup = container["startupProbe"]
    assert startup["failureThreshold"] * startup["periodSeconds"] >= made.load_s
    assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == startup["httpGet"]["path"] == "/alive"
    wait = int(container["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] == made.stop_s + wait


def test_the_container_may_do_nothing_that_it_needs_not(made: Deployment) -> None:
    pod = by_kind(kubernetes.objects(made))["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert {"/tmp", "/data"} <= {each["mountPath"] for each in container["volumeMounts"]}


def test_an_autoscaler_owns_the_number_of_instances() -> None:
    fixed, growing = (by_kind(kubernetes.objects(each)) for each in (deployment(), full()))
    assert fixed["Deployment"]["spec"]["replicas"] == 2
    assert "HorizontalPodAutoscaler" not in fixed
    assert "replicas" not in growing["Deployment"]["spec"]
    scaler = growing["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 9)
    assert scaler["scaleTargetRef"]["name"] == growing["Deployment"]["metadata"]["name"]


def test_secrets_are_taken_by_reference() -> None:
    objects = by_kind(kubernetes.objects(full()))
    (container,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    sources = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert sources["DATABASE_URL"] == {"name": "iris", "key": "database.url"}
    assert "Secret" not in objects
    assert "DATABASE_URL" not in objects["ConfigMap"]["data"]


def test_values_of_secrets_are_written_when_they_are_asked_for() -> None:
    environ = {"TRIGLOT_SIGNING_KEY": "a long key", "DATABASE_URL": "postgresql://x"}
    (secret,) = kubernetes.secrets(full(), environ)
    validate(secret, VERSIONS[-1])
    assert secret["stringData"] == {"signing-key": "a long key", "database.url": "postgresql://x"}
    with pytest.raises(ConfigError, match=r"iris/database\.url is not there: set DATABASE_URL"):
        kubernetes.secrets(full(), {"TRIGLOT_SIGNING_KEY": "a long key"})


def test_pods_are_replaced_when_the_environment_changes() -> None:
    def annotations(**said: Any) -> Any:
        objects = by_kind(kubernetes.objects(deployment(**said)))
        return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]

    assert annotations(environment={"A": "1"}) != annotations(environment={"A": "2"})
    assert annotations(environment={"A": "1", "B": "2"}) == annotations(environment={"B": "2", "A": "1"})


def test_an_ingress_takes_the_public_prefix_away() -> None:
    ingress = by_kind(kubernetes.objects(full()))["Ingress"]
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "iris.example.org"
    assert rule["http"]["paths"][0]["path"] == "/v1/iris/(.*)"
    assert ingress["metadata"]["annotations"] == {"nginx.ingress.kubernetes.io/rewrite-target": "/$1"}
    assert "Ingress" not in by_kind(kubernetes.objects(deployment()))


def test_a_service_monitor_finds_the_metrics_in_the_place_of_annotations() -> None:
    plain, watched = (by_kind(kubernetes.objects(full(), service_monitor=wanted)) for wanted in (False, True))
    assert "ServiceMonitor" not in plain
    monitor, service = watched.pop("ServiceMonitor"), watched["Service"]
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "iris"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]

    def annotations(objects: dict[str, Any]) -> Any:
        return objects["Deployment"]["spec"]["template"]["metadata"]["annotations"]

    assert annotations(plain).pop("prometheus.io/path") == endpoint["path"] == "/metrics"
    assert not [name for name in annotations(watched) if name.startswith("prometheus.io")]
    for document in watched.values():
        validate(document, VERSIONS[-1])


def test_an_inference_service_runs_the_same_pod(made: Deployment) -> None:
    objects = by_kind(kserve.objects(made))
    service = objects["InferenceService"]
    assert service["apiVersion"] == "serving.kserve.io/v1beta1"
    predictor = dict(service["spec"]["predictor"])
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (made.instances.least, made.instances.most)
    (container,) = predictor["containers"]
    assert container["name"] == "kserve-container"
    # what is not of KServe's own is a pod's specification, so the schema of pods holds it
    own = {"minReplicas", "maxReplicas", "timeout", "annotations"}
    pod = {key: value for key, value in predictor.items() if key not in own}
    validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod}, VERSIONS[-1])
    plain = by_kind(kubernetes.objects(made))["Deployment"]["spec"]["template"]["spec"]
    assert pod["containers"][0] | {"name": "iris"} == plain["containers"][0]
    for kind, document in objects.items():
        if kind != "InferenceService":
            validate(document, VERSIONS[-1])


def test_the_port_of_grpc_is_open_and_found_where_the_service_has_one() -> None:
    found = by_kind(kubernetes.objects(BY_GRPC))
    for each in found.values():
        validate(each, VERSIONS[-1])
    (container,) = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert [(port["name"], port["containerPort"]) for port in container["ports"]] == [("http", 8000), ("grpc", 9001)]
    assert [port["targetPort"] for port in found["Service"]["spec"]["ports"]] == ["http", "grpc"]
    assert [port["port"] for port in found["NetworkPolicy"]["spec"]["ingress"][0]["ports"]] == [8000, 9001]
    served = by_kind(kserve.objects(BY_GRPC))["InferenceService"]["spec"]["predictor"]["containers"][0]
    assert [port["name"] for port in served["ports"]] == ["http"]
    mappings = marathon.app(BY_GRPC)["container"]["portMappings"]
    assert [(each["name"], each["containerPort"]) for each in mappings] == [("http", 8000), ("grpc", 9001)]
    assert BY_GRPC.stop_s > deployment().stop_s
