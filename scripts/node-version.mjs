// Imported first by every script, and written so that any Node that knows modules can read it.
const [major, minor, patch] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && (minor < 19 || (minor === 19 && patch < 4)))) {
  console.error(
    `Open Manufacturing Hub needs Node 20.19.4 or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org.`,
  );
  process.exit(1);
}
