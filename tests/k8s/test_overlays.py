"""Every folder that can be applied renders to objects that the API accepts, and that may do no more than they need."""

import re
from collections import Counter
from pathlib import Path

import kubernetes_validate
import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("simple", "overlays/local", "overlays/cloud")
OVERLAYS = FOLDERS[1:]
API_VERSIONS = ("1.30", "1.37")
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def pods(objects):
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in of_kind(objects, *WORKLOADS)}


def containers(objects):
    return [c for pod in pods(objects).values() for c in [*pod.get("initContainers", []), *pod["containers"]]]


def named(objects, kind):
    return {one["metadata"]["name"]: one for one in of_kind(objects, kind)}


@pytest.mark.parametrize("version", API_VERSIONS)
@pytest.mark.parametrize("folder", FOLDERS)
def test_objects_fit_the_schemas(render, folder, version):
    for one in render(folder):
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("simple", {"ConfigMap": 1, "Job": 1}),
        ("overlays/local", {"Deployment": 3, "StatefulSet": 1, "NetworkPolicy": 7, "PersistentVolume": 1}),
        ("overlays/cloud", {"Deployment": 2, "StatefulSet": 1, "NetworkPolicy": 6, "PodDisruptionBudget": 2}),
    ],
)
def test_kinds(render, folder, expected):
    counts = Counter(one["kind"] for one in render(folder))
    assert {kind: counts[kind] for kind in expected} == expected
    identities = [(one["kind"], one["metadata"]["name"]) for one in render(folder)]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("folder", OVERLAYS)
def test_everything_is_in_the_restricted_namespace(render, folder):
    objects = render(folder)
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    elsewhere = [o for o in objects if o["metadata"].get("namespace") != namespace["metadata"]["name"]]
    assert {one["kind"] for one in elsewhere} <= {"Namespace", "PersistentVolume"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_pods_are_restricted(render, folder):
    for name, pod in pods(render(folder)).items():
        context = pod["securityContext"]
        assert context["runAsNonRoot"], name
        assert context["runAsUser"] > 0
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        kinds = {kind for volume in pod["volumes"] for kind in volume} - {"name"}
        assert kinds <= {"emptyDir", "configMap", "persistentVolumeClaim"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_containers_are_restricted(render, folder):
    for container in containers(render(folder)):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, container["name"]
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), container["name"]
        assert "memory" in container["resources"]["limits"], container["name"]
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_secret_is_in_a_manifest(render, folder):
    objects = render(folder)
    assert not of_kind(objects, "Secret")
    for container in containers(objects):
        for variable in container.get("env", []):
            if re.search("PASSWORD|SECRET|KEY", variable["name"]) and "value" in variable:
                assert re.fullmatch(r'"\$\(KEY\),\$\(SECRET\)"', variable["value"]), variable


@pytest.mark.parametrize("folder", OVERLAYS)
def test_only_the_flow_may_talk_to_the_cluster(render, folder):
    objects = render(folder)
    (role,) = of_kind(objects, "Role")
    assert not of_kind(objects, "ClusterRole", "ClusterRoleBinding")
    allowed = {
        (g, r): set(rule["verbs"]) for rule in role["rules"] for g in rule["apiGroups"] for r in rule["resources"]
    }
    assert allowed == {
        ("batch", "jobs"): {"create", "get", "list", "watch", "patch", "delete"},
        ("", "pods"): {"get", "list", "watch"},
        ("", "pods/log"): {"get"},
        ("", "events"): {"list"},
    }
    (binding,) = of_kind(objects, "RoleBinding")
    assert [subject["name"] for subject in binding["subjects"]] == ["rossi-flow"]
    assert not any(one["automountServiceAccountToken"] for one in of_kind(objects, "ServiceAccount"))
    with_token = {name for name, pod in pods(objects).items() if pod["automountServiceAccountToken"]}
    assert with_token == {"rossi-flow"}
    assert pods(objects)["rossi-flow"]["serviceAccountName"] == "rossi-flow"


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_network_is_closed_but_for_what_is_named(render, folder):
    policies = {name: one["spec"] for name, one in named(render(folder), "NetworkPolicy").items()}
    assert policies.pop("default-deny") == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert {port["port"] for port in policies.pop("names")["egress"][0]["ports"]} == {53}
    workers = [p for p in policies.values() if "worker" in str(p["podSelector"]) and "Egress" in p["policyTypes"]]
    assert [p["egress"][0]["ports"][0]["port"] for p in workers] == [9000 if folder.endswith("local") else 443]
    everywhere = [name for name, p in policies.items() if any("from" not in rule for rule in p.get("ingress", []))]
    assert not everywhere


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_named_is_there(render, folder):
    """Claims, config maps and accounts that pods name, and the labels that services and budgets choose pods by."""
    objects = render(folder)
    outside = {"rxte-archive"} if folder == "simple" else set()
    for pod in pods(objects).values():
        for volume in pod["volumes"]:
            if claim := volume.get("persistentVolumeClaim"):
                assert claim["claimName"] in set(named(objects, "PersistentVolumeClaim")) | outside
            if "configMap" in volume:
                assert volume["configMap"]["name"] in named(objects, "ConfigMap")
        assert pod.get("serviceAccountName", "default") in {*named(objects, "ServiceAccount"), "default"}
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind(objects, *WORKLOADS)]
    for one in of_kind(objects, "Service", "PodDisruptionBudget"):
        wanted = one["spec"]["selector"].get("matchLabels", one["spec"]["selector"])
        assert any(wanted.items() <= label.items() for label in labels), one["metadata"]["name"]


def test_images_of_the_cloud_go_by_digest(render):
    ours = [c["image"] for c in containers(render("overlays/cloud")) if "rossi" in c["image"]]
    assert ours
    assert all(re.fullmatch(r".+@sha256:[0-9a-f]{64}", image) for image in ours)


@pytest.mark.parametrize("folder", FOLDERS)
def test_images_are_targets_of_the_dockerfile_and_never_pulled_without_need(render, folder):
    targets = set(re.findall(r"^FROM \S+ AS (\w+)$", (ROOT / "docker" / "Dockerfile").read_text(), re.M))
    for container in containers(render(folder)):
        assert container["imagePullPolicy"] == "IfNotPresent"
        name = container["image"].rpartition("/")[2]
        if name.startswith("rossi-"):
            assert re.split("[:@]", name)[0].removeprefix("rossi-") in targets


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_quota_lets_the_services_in(render, folder):
    (quota,) = of_kind(render(folder), "ResourceQuota")
    limits = [c["resources"]["limits"]["memory"] for c in containers(render(folder))]
    assert sum(int(limit.removesuffix("Gi")) for limit in limits) < int(quota["spec"]["hard"]["limits.memory"][:-2])


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_quota_counts_pods_that_have_not_ended(render, folder):
    (quota,) = of_kind(render(folder), "ResourceQuota")
    assert "count/pods" not in quota["spec"]["hard"]
    assert int(quota["spec"]["hard"]["pods"]) > 1000


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_api_asks_for_a_secret_and_its_clients_have_it(render, folder):
    pods = {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in of_kind(render(folder), "Deployment")}
    auth = {"secretKeyRef": {"name": "rossi-api", "key": "auth"}}
    for name, asked in (("rossi-server", {"PREFECT_SERVER_API_AUTH_STRING"}), ("rossi-flow", set())):
        given = {e["name"]: e.get("valueFrom") for e in pods[name]["containers"][0]["env"]}
        assert all(given[variable] == auth for variable in {"PREFECT_API_AUTH_STRING", *asked})
    (cors,) = [e["value"] for e in pods["rossi-server"]["containers"][0]["env"] if "CORS" in e["name"]]
    assert "*" not in cors


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_server_waits_for_its_database(render, folder):
    (server,) = [o for o in of_kind(render(folder), "Deployment") if o["metadata"]["name"] == "rossi-server"]
    (waits,) = server["spec"]["template"]["spec"]["initContainers"]
    assert '("rossi-database", 5432)' in waits["command"][-1]
    compile(waits["command"][-1], "init", "exec")
