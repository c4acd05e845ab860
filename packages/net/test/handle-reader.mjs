// A process that is handed connections, and answers each with what it reads from it to its end.
process.on("message", (_message, socket) => {
  let text = "";
  socket.setEncoding("latin1").on("data", (data) => (text += data));
  socket.on("end", () => socket.end(text));
  socket.resume();
});
process.send("ready");
