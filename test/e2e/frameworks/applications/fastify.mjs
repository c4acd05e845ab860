import fastify from "fastify";
import { tell } from "./tell.mjs";

const app = fastify({ trustProxy: true });
app.get("/", (request) => request.ip);
app.get("/origin", (request) => `${request.protocol}://${request.hostname}`);
await app.listen({ port: 0, host: "127.0.0.1" });
tell(app.server);
