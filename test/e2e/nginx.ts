import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Namespace } from "./bed/namespace.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";

/** What nginx is to do: the insides of its http and stream blocks. */
export interface NginxBlocks {
  readonly http?: string;
  /** Needs nginx's stream module ("nginx-stream" of requirement.ts). */
  readonly stream?: string;
}

/**
 * Debian's nginx with these blocks. It runs in the foreground out of a temporary directory, touches nothing of the machine's own nginx,
 * and logs to its standard error.
 */
export function startNginx(
  blocks: NginxBlocks,
  listens: DaemonOptions["listens"],
  namespace?: Namespace,
): Promise<Daemon> {
  return startDaemon({
    name: "nginx",
    listens,
    namespace,
    prepare: (directory) => {
      const file = join(directory, "nginx.conf");
      writeFileSync(file, configuration(directory, blocks));
      return ["nginx", "-e", "stderr", "-p", directory, "-c", file];
    },
  });
}

/** Relative paths are relative to `-p`. Started by root its workers would be somebody else, who may not look into our directory. */
const configuration = (directory: string, { http, stream }: NginxBlocks): string => `
${process.getuid?.() === 0 ? "user root;" : ""}
${stream === undefined ? "" : "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"}
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
${stream === undefined ? "" : `stream {\n${stream}\n}`}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
${http ?? ""}
}
`;
