import express from "express";
import { createServer } from "node:http";
import requestIp from "request-ip";
import { tell } from "./tell.mjs";

const app = express();
app.use(requestIp.mw());
app.get("/", (request, response) => void response.send(request.clientIp));
tell(createServer(app));
