import express from "express4";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

const app = express();
app.set("trust proxy", true);
app.get("/", (request, response) => void response.send(request.ip));
tell(createServer(app));
