import express, { rest } from "@feathersjs/express";
import { feathers } from "@feathersjs/feathers";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = express(feathers());
app.set("trust proxy", true);
app.use((request, _response, next) => {
  request.feathers = { ...request.feathers, ip: request.ip };
  next();
});
app.configure(rest());
app.use("ip", { find: async ({ ip }) => [ip] });
tell(createServer(app));
