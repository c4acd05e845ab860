import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Daemon, startDaemon } from "../daemon.ts";
import { both } from "../platforms/programs.ts";

/**
 * Postfix's processes have sessions of their own: in a process namespace they end with the first of them. That one leaves its privileges, and with them what ties it to its
 * parent's end (prctl(2), PR_SET_PDEATHSIG), so that this shell ends it.
 */
const SHELL = `unshare --pid --fork --mount-proc postfix -c "$1" start-fg &
unshare=$!
trap 'kill -KILL $(cat /proc/$unshare/task/$unshare/children)' TERM
wait $unshare
wait $unshare`;

const settings = (directory: string): string => `
compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = all
myhostname = app.test
mydestination =
smtpd_upstream_proxy_protocol = haproxy
smtpd_client_restrictions = reject
smtpd_delay_reject = no
smtpd_peername_lookup = no
maillog_file_prefixes = ${directory}
maillog_file = ${directory}/log
`;

const services = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
[::1]:${port} inet n - n - - smtpd
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
`;

/** Postfix's smtpd, which wants a PROXY header, and names every client in its refusal. Needs root. */
export function startPostfix(port: number): Promise<Daemon> {
  return startDaemon({
    name: "postfix",
    listens: both(port),
    prepare: (directory) => {
      chmodSync(directory, 0o755);
      mkdirSync(join(directory, "queue"));
      mkdirSync(join(directory, "data"));
      execFileSync("chown", ["postfix", join(directory, "data")]);
      writeFileSync(join(directory, "main.cf"), settings(directory));
      writeFileSync(join(directory, "master.cf"), services(port));
      return ["sh", "-c", SHELL, "sh", directory];
    },
  });
}
