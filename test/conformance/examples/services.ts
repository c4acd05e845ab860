import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../e2e/free-port.ts";
import { containerOf, EXAMPLES, field, type Manifest } from "./manifest.ts";

/** How long a service may take to listen, in milliseconds: a loaded machine is slow, a broken service ends at once. */
const START_LIMIT_MS = 50_000;

/** A service of an example that runs on loopback. */
export interface RunningService {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

/** Pods' and nodes' 10.0.0.0/8 is 127.0.0.0/8 here: the hop is 127.0.8.1 where the balancer is 10.0.8.1. */
const onLoopback = (text: string): string => text.replaceAll(/\b10\./g, "127.");

/** Starts a program of examples/whoami with the environment of the Deployment in a folder, as it stands in the manifest. */
export async function startService(
  folder: string,
  deployment: Manifest,
  program: string,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningService> {
  const variables = (field(containerOf(deployment), "env") ?? []) as readonly Record<string, string>[];
  const port = await freePort("127.0.0.1");
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    PORT: String(port),
    HOST: "127.0.0.1",
    ...more,
  };
  for (const { name = "", value } of variables) env[name] = onLoopback(value ?? "the secret");
  // The ConfigMap is mounted there; the test of manifests holds it equal to the file.
  if (env["POLICY"] !== undefined)
    env["POLICY"] = env["POLICY"].replace("/src/examples/whoami/policies", join(EXAMPLES, folder));
  const child = spawn(process.execPath, [join(EXAMPLES, "whoami", program)], {
    env,
    stdio: ["ignore", "inherit", "pipe"],
  });
  const ended = once(child, "close");
  let complaint = "";
  child.stderr.on("data", (text) => (complaint += String(text)));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await listening(child, program, port);
  } catch (error) {
    await stop();
    throw new Error(`${folder}/${program}: ${String(error)}\n${complaint}`);
  }
  return { port, stop };
}

/** Nobody can see from outside whether a UDP service listens: who asks it asks again. */
async function listening(child: ChildProcess, program: string, port: number): Promise<void> {
  for (const deadline = Date.now() + START_LIMIT_MS; Date.now() < deadline; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    if (program === "udp.mjs" || (await accepts(port))) return;
  }
  throw new Error("it does not listen");
}

/**
 * Whether the service has answered, or closed, a connection: until then it may listen and not have told the kernel yet to keep SYNs, and whoever connects meanwhile stays
 * unknown. No service takes what is sent for a request.
 */
async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    socket.on("error", () => {});
    socket.end("no request\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
