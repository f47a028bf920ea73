/** Style of the reference pages: readable in the dark and by day, nothing fetched from anywhere. */
export const style = `
:root { color-scheme: light dark; --text: #1c2024; --dim: #60646c; --line: #dcdfe4; --soft: #f4f5f7; --link: #0b5cad; --back: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8ea; --dim: #9ba1a8; --line: #33383e; --soft: #1d2126; --link: #7cb8f7; --back: #14171a; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--text); background: var(--back); font: 16px/1.55 system-ui, sans-serif; }
.page { display: grid; grid-template-columns: 15rem minmax(0, 56rem); gap: 0 3rem; max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 1.5rem 0; font-size: .875rem; }
nav ul { list-style: none; margin: 0 0 .75rem; padding: 0; }
nav summary { cursor: pointer; font-weight: 600; }
main { padding: 1.5rem 0 6rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { font-size: 1.75rem; margin: 0 0 .5rem; } h2 { margin: 3rem 0 0; font-size: 1.375rem; }
article { border-top: 1px solid var(--line); margin-top: 1.5rem; padding-top: 1rem; }
article h3 { margin: 0; font-size: 1.0625rem; }
code, pre { font: .8125rem/1.5 ui-monospace, monospace; } p code, td code, li code { background: var(--soft); padding: .1em .3em; border-radius: 3px; }
pre { background: var(--soft); padding: .75rem 1rem; border-radius: 6px; overflow: auto; margin: .75rem 0; }
.route { color: var(--dim); margin: .25rem 0 .75rem; overflow-wrap: anywhere; } .route b { color: var(--text); }
.dim { color: var(--dim); font-size: .875rem; } .tag { border: 1px solid var(--line); border-radius: 3px; padding: 0 .35em; font-size: .75rem; color: var(--dim); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); } th { color: var(--dim); font-weight: 500; }
@media (max-width: 52rem) { .page { grid-template-columns: minmax(0, 1fr); } nav { position: static; max-height: none; } }
`;
