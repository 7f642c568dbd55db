// An origin that was written by others (Node.js): the target of each request, once it is whole, as a line of a file.
// node origin.mjs PORT FILE
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";

const [, , port, file] = process.argv;
const write = (target) => appendFileSync(file, `${target}\n`, "latin1");

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    write(request.url);
    response.setHeader("Cache-Control", "no-store");
    response.end("ok\n");
  });
});
// Octets beyond ASCII in a target are refused here; the request has arrived all the same.
server.on("clientError", (error, socket) => {
  if (error.code === "HPE_INVALID_URL") write(error.rawPacket.toString("latin1").split(" ")[1]);
  socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
});
server.listen(Number(port), "127.0.0.1");
