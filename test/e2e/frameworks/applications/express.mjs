import express from "express";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = express();
const { TRUST = "true" } = process.env;
app.set("trust proxy", TRUST === "true" ? true : TRUST === "1" ? 1 : TRUST);
app.get("/", (request, response) => void response.send(request.ip));
app.get("/origin", (request, response) => void response.send(`${request.protocol}://${request.hostname}`));
tell(createServer(app));
