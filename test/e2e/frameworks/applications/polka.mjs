import polka from "polka";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = polka();
app.get("/", ({ headers, socket }, response) =>
  response.end(headers["x-forwarded-for"]?.split(",")[0] ?? socket.remoteAddress),
);
tell(createServer(app.handler));
