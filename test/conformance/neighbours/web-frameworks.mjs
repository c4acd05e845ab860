// Applications of frameworks that hand out web Requests. Their declarations want the DOM's, so that ours stand beside this file.
import { getRequestListener } from "@hono/node-server";
import { H3, toNodeHandler } from "h3";
import { Hono } from "hono";

export function honoListener(answer) {
  const app = new Hono();
  app.get("/", (context) => context.json(answer(context)));
  return getRequestListener(app.fetch);
}

export function h3Listener(answer) {
  const app = new H3();
  app.get("/", answer);
  return toNodeHandler(app);
}
