// How a probe is started on another machine: what is copied and run, step by step.

/** The image's name where it was built: none is published. */
export const PROBE_IMAGE = "scope/probe";

/** What stands for its name in a registry, from which the nodes of a cluster take it. */
export const PUSHED_IMAGE = "REGISTRY/probe:TAG";

/** What stands for a token that was not made yet. */
export const NO_TOKEN = "TOKEN";

/** The service as probes reach it. */
export interface Target {
  /** `https://HOST[:PORT]`, or `HOST:PORT` without TLS. */
  url: string;
  tls: boolean;
  /** Whether it is reached from this machine only. */
  loopback: boolean;
}

export interface Step {
  /** What it is for. */
  words: string;
  code: string;
}

interface Way {
  id: string;
  name: string;
  steps(target: Target, token: string): Step[];
}

/** Where probes reach what this page came from. */
export function targetOf({
  protocol,
  hostname,
  host,
  port,
}: Pick<Location, "protocol" | "hostname" | "host" | "port">): Target {
  const tls = protocol === "https:";
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127\.[\d.]+$/.test(hostname);
  return { url: tls ? `https://${host}` : `${hostname}:${port || "80"}`, tls, loopback };
}

/** What `scope launch` needs told beside where and on whose behalf: a token goes in clear only where it is allowed to. */
function flags({ tls, loopback }: Target): string[] {
  return tls || loopback ? [] : ["--plaintext"];
}

const FOLDER = "/opt/scope-probe";
const SETTINGS = "/etc/scope-probe.env";
const UNIT = "/etc/systemd/system/scope-probe.service";

function install(folder: string): Step {
  return {
    words: "Install it, in a folder with the source of this project. It needs Python 3.11 or newer.",
    code: `python3 -m venv ${folder} && ${folder}/bin/pip install ./gen/python ./sdk ./probe`,
  };
}

/** A file that root alone reads: arguments of commands are seen by everybody on a machine. */
function settings({ url }: Target, token: string): Step {
  return {
    words: "As root, keep the token where nobody else reads it.",
    code: `install -m 600 /dev/stdin ${SETTINGS} <<'END'\nSCOPE_URL=${url}\nSCOPE_SERVICE_TOKEN=${token}\nEND`,
  };
}

/** A word of a command as a shell takes it, whatever is in it: an address may have brackets, and stranger things. */
function quoted(word: string): string {
  return /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function python(target: Target, token: string): Step[] {
  return [
    install("~/.scope-probe"),
    {
      words: "Start it. As root it sees everybody's processes, and containers.",
      code: `SCOPE_SERVICE_TOKEN=${token} \\\n  ~/.scope-probe/bin/${["scope launch", ...flags(target), quoted(target.url)].join(" ")}`,
    },
  ];
}

function systemd(target: Target, token: string): Step[] {
  const unit = `[Unit]
Description=Scope probe
Wants=network-online.target
After=network-online.target

[Service]
EnvironmentFile=${SETTINGS}
ExecStart=${[`${FOLDER}/bin/scope launch`, ...flags(target)].join(" ")}
StateDirectory=scope-probe
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target`;
  return [
    install(FOLDER),
    settings(target, token),
    { words: "Write the unit.", code: `cat > ${UNIT} <<'END'\n${unit}\nEND` },
    {
      words: "Start it, now and whenever the machine does.",
      code: "systemctl daemon-reload && systemctl enable --now scope-probe",
    },
  ];
}

/** Sees the host's processes, network and engine, and has its shell: docs/containers.md says what each word is for. */
function run(engine: string, socket: string, target: Target): string {
  return `${engine} run --detach --name scope-probe --restart unless-stopped \\
  --user 0:0 --pid host --network host --cgroupns host --read-only --tmpfs /tmp \\
  --cap-drop ALL --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --cap-add NET_ADMIN \\
  --cap-add SYS_ADMIN --cap-add SYS_CHROOT \\
  --security-opt apparmor=unconfined --security-opt label=disable \\
  --volume ${socket}:${socket} \\
  --volume scope-probe:/var/lib/scope-probe \\
  --env-file ${SETTINGS} \\
  ${[PROBE_IMAGE, "launch", ...flags(target)].join(" ")}`;
}

function container(target: Target, token: string): Step[] {
  return [
    settings(target, token),
    { words: "Start it with Docker,", code: run("docker", "/var/run/docker.sock", target) },
    { words: "or with Podman.", code: run("podman", "/run/podman/podman.sock", target) },
  ];
}

const MANIFESTS = "deploy/k8s/probe";
const OVERLAY = `${MANIFESTS}/elsewhere`;

function kubernetes({ url, tls }: Target, token: string): Step[] {
  const address = tls ? url : `http://${url}`;
  return [
    {
      words: "In a folder with the source of this project, name the image, and where the service is.",
      code: `sed -i 's,image: .*,image: ${PUSHED_IMAGE},' ${OVERLAY}/probe.yaml
sed -i ${quoted(`s,SCOPE_URL=.*,SCOPE_URL=${address},`)} ${OVERLAY}/kustomization.yaml`,
    },
    {
      words: "Make the probes' namespace, and in it a secret with the token.",
      code: `kubectl apply -f ${MANIFESTS}/base/namespace.yaml
printf %s ${token} | kubectl -n scope-probe create secret generic probe --from-file=token=/dev/stdin`,
    },
    {
      words: "Start a probe on each node, and one for the cluster.",
      code: `kubectl apply -k ${OVERLAY}
kubectl -n scope-probe rollout status daemonset/probe-host`,
    },
  ];
}

/** The ways to start one, the simplest first. */
export const WAYS: readonly Way[] = [
  { id: "python", name: "Python", steps: python },
  { id: "systemd", name: "systemd", steps: systemd },
  { id: "container", name: "Container", steps: container },
  { id: "kubernetes", name: "Kubernetes", steps: kubernetes },
];
