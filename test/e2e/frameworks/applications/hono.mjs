import { getRequestListener } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono } from "hono";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = new Hono();
app.get("/", (context) =>
  context.text(context.req.header("x-forwarded-for")?.split(",")[0] ?? getConnInfo(context).remote.address),
);
app.get("/peer", (context) => context.text(getConnInfo(context).remote.address));
tell(createServer(getRequestListener(app.fetch)));
