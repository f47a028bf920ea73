/** Style of the reference pages: readable in the dark and by day, nothing fetched from anywhere. */
export const style = `
:root { color-scheme: light dark; --text: #1c2024; --dim: #5f656d; --line: #e0e3e8; --soft: #f4f5f7; --link: #0b5cad; --back: #fff; --get: #1a6b3c; --post: #0b5cad; --put: #8a5300; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8ea; --dim: #9ba1a8; --line: #2e3339; --soft: #1d2126; --link: #7cb8f7; --back: #14171a; --get: #74d19a; --post: #7cb8f7; --put: #e8b25c; --delete: #ff8a80; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--text); background: var(--back); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
.page { display: grid; grid-template-columns: 11rem minmax(0, 58rem); gap: 0 3rem; max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow: auto; padding: 1.75rem 0; font-size: .875rem; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav li { line-height: 1.75; } nav p { margin: 0 0 .75rem; }
main { padding: 1.5rem 0 6rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; } :focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
h1 { font-size: 1.75rem; margin: 0 0 .25rem; } h1 .dim { font-size: 1rem; font-weight: 400; } h2 { margin: 4rem 0 .5rem; font-size: 1.5rem; }
.lead { font-size: 1.0625rem; color: var(--dim); margin: 0 0 1rem; } main > ul { padding-left: 1.1rem; }
.index { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .125rem 1.25rem; font-size: .9375rem; }
.index li { display: contents; } .index span { color: var(--dim); }
article { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 1.25rem; }
article h3 { margin: 0; font-size: 1.0625rem; } article h3 span { font-weight: 400; color: var(--dim); margin-left: .35rem; }
article:target h3 a { text-decoration: underline; }
code, pre { font: .8125rem/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; } p code, td code, li code { background: var(--soft); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem 1rem; border-radius: 6px; overflow: auto; margin: .75rem 0; }
.route { color: var(--dim); margin: .35rem 0 .75rem; } .route code { margin-right: .35rem; } .route b { color: var(--text); }
.route .get { color: var(--get); } .route .post { color: var(--post); } .route .put, .route .patch { color: var(--put); } .route .delete { color: var(--delete); }
.dim { color: var(--dim); } p.dim, td .dim { font-size: .875rem; } .tag { border: 1px solid var(--line); border-radius: 99px; padding: .05em .55em; font-size: .75rem; white-space: nowrap; }
details > summary { cursor: pointer; font-size: .875rem; color: var(--dim); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .875rem; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); } th { color: var(--dim); font-weight: 500; font-size: .8125rem; }
td:last-child { width: 50%; min-width: 14rem; } td:first-child, thead + tbody td:nth-child(2) { white-space: nowrap; } td p, td ul { margin: 0; } td p + p { margin-top: .4rem; }
@media (max-width: 52rem) {
  .page { grid-template-columns: minmax(0, 1fr); padding: 0 1rem; } main { padding-top: .5rem; } h2 { margin-top: 3rem; }
  nav { position: static; max-height: none; padding: 1rem 0 0; border-bottom: 1px solid var(--line); }
  nav ul { display: flex; flex-wrap: wrap; gap: 0 1rem; margin-bottom: .5rem; }
  table, tbody, tr { display: block; } thead { display: none; } tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td, td:first-child, thead + tbody td:nth-child(2) { display: inline; border: 0; padding: 0 .6rem 0 0; color: var(--dim); white-space: normal; } td:first-child { color: var(--text); }
  td:last-child { display: block; width: auto; min-width: 0; padding: .15rem 0 0; color: var(--text); }
  article h3 span { display: block; margin-left: 0; } .index { grid-template-columns: minmax(0, 1fr); gap: 0; } .index span { margin-bottom: .35rem; font-size: .875rem; }
}
@media print { nav { display: none; } .page { display: block; } pre { white-space: pre-wrap; } }
`;
