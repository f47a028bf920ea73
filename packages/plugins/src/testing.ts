/** For tests of other packages: tarballs by hand, and a registry on this machine. */
export { type FakePlugin, fakePlugin, fakeTarball } from "./fake-plugin.ts";
export { createFakeRegistry, type FakeRegistry } from "./fake-registry.ts";
export { toTarball } from "./tarball.ts";
export { unpack } from "./unpack.ts";
