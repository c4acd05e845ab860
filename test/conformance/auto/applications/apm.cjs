// What a tool for tracing does: it replaces the emit of http's servers by its own, which calls the one that was there.
const http = require("node:http");

const { emit } = http.Server.prototype;
http.Server.prototype.emit = function (...values) {
  if (values[0] === "request") values[1].traced = true;
  return Reflect.apply(emit, this, values);
};
