// node toa-unreadable.mjs FILE: an HTTP and a TCP server behind dpvs, whose option stands behind the SYN, audited before and after they listen. Run by somebody without rights.
import { once } from "node:events";
import { createServer as createHttpServer, get } from "node:http";
import { connect, createServer } from "node:net";
import { auditConfig, auditConnections, auditHttp, auditTo, jsonLines } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";

const sink = jsonLines(process.argv[2]);
auditTo(sink);
auditHttp();
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
const listen = async (server) => {
  wherefrom(server, policy, { toa: "dpvs" }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
};

const http = createHttpServer((_request, response) => response.end("hello"));
const httpPort = await listen(http);
// What the first was told already, and what the second one will be.
auditConfig();
const tcp = createServer((socket) => socket.end("hello"));
auditConnections(tcp);
const tcpPort = await listen(tcp);

const [response] = await once(get({ host: "127.0.0.1", port: httpPort, agent: false }), "response");
await once(response.resume(), "end");
await once(connect(tcpPort, "127.0.0.1").resume(), "close");
http.close();
tcp.close();
await sink.close();
