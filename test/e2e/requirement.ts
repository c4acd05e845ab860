import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";
import { areKernelsFetched } from "./vm/kernels.mjs";

declare module "vitest" {
  interface TaskMeta {
    /** Why the case is skipped; scripts/case-reporter.mjs prints it. */
    skipReason?: string;
  }
}

/** A suite as suites.json declares it. */
interface Declaration {
  /** Cases that the suite has at least; fewer are a failure of scripts/suite.mjs. */
  readonly cases: number;
  /** Names of `TOOLS`, or programs whose Debian package has their name. */
  readonly needs: readonly string[];
  readonly root: boolean;
  /** Whether `npm test` runs the suite. */
  readonly inTest: boolean;
}

interface Tool {
  readonly isPresent: () => boolean;
  readonly reason: string;
}

function isReadable(path: string, mode = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Debian keeps daemons in /usr/sbin, which is not on every user's PATH. */
const PATH = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

const program = (name: string, debianPackage = name): Tool => ({
  isPresent: () => PATH.some((directory) => isReadable(join(directory, name), constants.X_OK)),
  reason: `${name} is not installed: apt-get install ${debianPackage}`,
});

/** Tools that are not simply a program with the name of its package. */
const TOOLS: Readonly<Record<string, Tool>> = {
  ip: program("ip", "iproute2"),
  nginx: program("nginx", "nginx-light"),
  dnsmasq: program("dnsmasq", "dnsmasq-base"),
  promtool: program("promtool", "prometheus"),
  "redis-cli": program("redis-cli", "redis-tools"),
  "nginx-stream": {
    isPresent: () => isReadable("/usr/lib/nginx/modules/ngx_stream_module.so"),
    reason: "nginx's stream module is not installed: apt-get install libnginx-mod-stream",
  },
  dovecot: program("dovecot", "dovecot-imapd"),
  pdns_recursor: program("pdns_recursor", "pdns-recursor"),
  nghttpx: program("nghttpx", "nghttp2-proxy"),
  traffic_server: program("traffic_server", "trafficserver"),
  varnishd: program("varnishd", "varnish"),
  cc: program("cc", "gcc libc6-dev"),
  addon: {
    isPresent: () => existsSync(join(import.meta.dirname, "..", "..", "native", "build", "Release", "wherefrom.node")),
    reason: "the native addon was not built: npm run build --workspace native (needs a C compiler, make and python3)",
  },
  setpriv: program("setpriv", "util-linux"),
  mkfifo: program("mkfifo", "coreutils"),
  "qemu-system-x86_64": program("qemu-system-x86_64", "--no-install-recommends qemu-system-x86"),
  nft: program("nft", "nftables"),
  modprobe: program("modprobe", "kmod"),
  "debian-kernels": {
    isPresent: areKernelsFetched,
    reason: "Debian's kernels are not in the cache: node test/e2e/vm/fetch.mjs (needs apt-get, xz and the network)",
  },
  "sock-ops": {
    isPresent: () => readFileSync("/proc/self/mounts", "utf8").includes(" cgroup2 ") && isReadable("/sys/fs/bpf"),
    reason: "this kernel has no control groups of version 2, or no BPF",
  },
  nfqueue: {
    isPresent: () => {
      try {
        const rule = "iptables -w -t mangle -A FORWARD -p tcp -j NFQUEUE --queue-num 0";
        execFileSync("unshare", ["--net", "sh", "-c", rule], { stdio: "ignore" });
        return true;
      } catch {
        return false;
      }
    },
    reason: "iptables cannot queue packets to user space here",
  },
  namespaces: {
    isPresent: () => {
      try {
        execFileSync("unshare", ["--net", "true"], { stdio: "ignore" });
        return true;
      } catch {
        return false;
      }
    },
    reason: "this machine does not let us make network namespaces",
  },
};

/** Why a suite cannot run here, or `undefined` when it can. */
function missing({ needs, root }: Declaration): string | undefined {
  if (root && process.getuid?.() !== 0) return "root is needed";
  const absent = needs.map((name) => TOOLS[name] ?? program(name)).filter((tool) => !tool.isPresent());
  return absent.length === 0 ? undefined : absent.map((tool) => tool.reason).join("; ");
}

/**
 * A `describe` for a suite of suites.json. When a tool is missing its cases are skipped, hooks included, and each carries the reason;
 * `npm run e2e` and `npm test` print it, and count it as a failure under WHEREFROM_REQUIRE=all.
 */
export function describeSuite(name: string, body: () => void): void {
  const suites = JSON.parse(readFileSync(join(import.meta.dirname, "suites.json"), "utf8")) as Record<
    string,
    Declaration
  >;
  const declaration = suites[name];
  if (declaration === undefined) throw new Error(`suites.json does not declare "${name}"`);
  describeUnless(missing(declaration), name, body);
}

/** Whether the block that is being described is skipped: one that is skipped twice would be reported as never having run. */
let isSkipped = false;

/** A `describe` whose cases are skipped, with the reason printed, where there is a problem; the outermost reason, where there are several. */
export function describeUnless(problem: string | undefined, name: string, body: () => void): void {
  if (problem === undefined || isSkipped) {
    describe(name, body);
    return;
  }
  describe.skip(name, { meta: { skipReason: problem } }, () => {
    isSkipped = true;
    body();
    isSkipped = false;
  });
}
