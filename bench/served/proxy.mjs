// Hello world on node:http: without a PROXY header, its twin, behind a required one, and wrapped by findhit-proxywrap.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import * as http from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";

const require = createRequire(import.meta.url);

function answer(request, response) {
  response.end(request.socket.remoteAddress);
}

export function apps() {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
  const wrap = (options) => wherefrom(createServer(answer), policy, options);
  return {
    plain: createServer(answer),
    "plain again": createServer(answer),
    required: wrap({ proxyProtocol: "required" }),
    "required v1": wrap({ proxyProtocol: "required" }),
    proxywrap: require("findhit-proxywrap").proxy(http).createServer(answer),
  };
}
