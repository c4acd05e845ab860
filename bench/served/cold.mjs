// node cold.mjs wherefrom | proxy-addr | neither: an Express service that answers one request and ends.
import { get } from "node:http";
import { createRequire } from "node:module";
import express from "express";

const [, , subject] = process.argv;
const app = express();
if (subject === "wherefrom") {
  const { compilePolicy } = await import("@wherefrom/core");
  const { wherefrom } = await import("@wherefrom/express");
  app.use(wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" })));
} else if (subject === "proxy-addr") {
  app.set("trust proxy", createRequire(import.meta.url)("proxy-addr").compile(["127.0.0.1"]));
}
app.get("/", (request, response) => void response.end(request.ip));
const server = app.listen(0, "127.0.0.1", () => {
  const headers = { "x-forwarded-for": "203.0.113.7", connection: "close" };
  get({ port: server.address().port, host: "127.0.0.1", headers }, async (response) => {
    const [ip] = await response.setEncoding("utf8").toArray();
    if (ip !== (subject === "neither" ? "127.0.0.1" : "203.0.113.7")) throw new Error(`it answered ${ip}`);
    server.close();
  });
});
