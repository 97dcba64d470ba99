package report

// pageTemplate is a document as a page that loads nothing and runs nothing: a file
// that is sent on has nobody to ask.
const pageTemplate = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}: Flashcrowd report</title>
<style>
:root{color-scheme:light dark;--ink:#1c2330;--quiet:#5a6475;--line:#d5dae3;--ground:#fff;--box:#f4f6fa;
--c0:#1f6fd1;--c1:#c2410c;--c2:#15803d;--c3:#9333ea;--c4:#b45309;--c5:#0e7490;--c6:#be185d;--c7:#4d5f10}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ef;--quiet:#9aa5b8;--line:#364052;--ground:#141a24;--box:#1e2633;
--c0:#6aabff;--c1:#ff9466;--c2:#5fd38a;--c3:#c69bff;--c4:#f2b25c;--c5:#5ccbe0;--c6:#ff86b8;--c7:#b9cf6a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:600}
main>.warning{border:2px solid var(--c1);padding:.5rem 1rem}
figure{margin:0}.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.5rem;margin:1rem 0}figcaption{font-weight:600}
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--ink)}path{fill:none;stroke-width:1.6;stroke:currentColor;stroke-linecap:round;stroke-linejoin:round}
.grid{stroke:var(--line);stroke-width:1}.mark{stroke:var(--quiet);stroke-dasharray:3 3}.edge{stroke:var(--quiet)}
rect{fill:var(--box);stroke:var(--line)}
{{range .Colors}}.c{{.}}{stroke:var(--c{{.}});color:var(--c{{.}})}
{{end}}.legend span{margin-right:1rem}
@media print{body{margin:0;max-width:none}figure,tr{break-inside:avoid}}
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{range .Lead}}<p>{{.}}</p>
{{end}}{{if .Warning}}<p class="warning">{{.Warning}}</p>
{{end}}{{range .Sections}}<section>
<h2>{{.Title}}</h2>
{{range .Text}}<p>{{.}}</p>
{{end}}{{if .Pictures}}<div class="figures">
{{range .Pictures}}<figure>
<figcaption>{{.Title}}</figcaption>
<div class="scroll"><svg role="img" aria-label="{{.Title}}" width="{{.Width}}" height="{{.Height}}" viewBox="0 0 {{.Width}} {{.Height}}">
{{range .Strokes}}<path class="{{.Class}}" d="{{.Path}}">{{if .Title}}<title>{{.Title}}</title>{{end}}</path>
{{end}}{{range .Boxes}}<rect x="{{.X}}" y="{{.Y}}" width="{{.Width}}" height="{{.Height}}" rx="8"/>
{{end}}{{range .Labels}}<text x="{{.X}}" y="{{.Y}}" text-anchor="{{.Anchor}}">{{.Text}}</text>
{{end}}</svg></div>
{{if .Legend}}<div class="legend">{{range .Legend}}<span class="{{.Class}}">&#9632; {{.Text}}</span>{{end}}</div>
{{end}}</figure>
{{end}}</div>
{{end}}{{if .Rows}}<div class="scroll"><table>
<thead><tr>{{range .Head}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>
{{end}}</tbody>
</table></div>
{{end}}</section>
{{end}}</main>
</body>
</html>
`
