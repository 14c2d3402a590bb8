// Says how large the package is, and fails when it outgrows what we promised.
import { readdirSync, statSync } from "node:fs";

const LIMIT = 1 << 20;
const size = (path) => statSync(path).size;
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

const wheels = readdirSync("server").filter((name) => name.endsWith(".whl"));
const wheel = wheels.reduce((sum, name) => sum + size(`server/${name}`), 0);
const whole = size("dist/sextet.vsix");
console.log(`dist/sextet.vsix: ${kib(whole)}, of which the server ${kib(wheel)}`);
if (whole - wheel > LIMIT) {
  console.error(`Without the server it is larger than ${kib(LIMIT)}.`);
  process.exitCode = 1;
}
