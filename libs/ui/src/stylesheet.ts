/** The only stylesheet of all pages, inlined into each; its hash is in the content security policy. */
export const stylesheet = `
:root{color-scheme:light dark;--bg:#f6f7f9;--surface:#fff;--text:#1b2430;--muted:#566273;--line:#d5dbe3;--accent:#0b5c8a;--accent-text:#fff;--accent-soft:#e6f1f8;--good:#17663a;--good-soft:#e5f4eb;--warn:#7a4b00;--warn-soft:#fdf2dc;--bad:#a3201d;--bad-soft:#fcebea;--radius:12px;--focus:#b45309}
@media (prefers-color-scheme:dark){:root{--bg:#11161d;--surface:#1a212b;--text:#e8edf3;--muted:#a5b1c0;--line:#344050;--accent:#6cb8e6;--accent-text:#08202f;--accent-soft:#17303f;--good:#7fd6a2;--good-soft:#14301f;--warn:#f2c271;--warn-soft:#35270f;--bad:#ff9c97;--bad-soft:#3a1817;--focus:#ffb000}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;min-height:100vh;display:flex;flex-direction:column;overflow-wrap:break-word}
a{color:var(--accent)}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip:focus{left:1rem;top:1rem;background:var(--surface);padding:.5rem 1rem;z-index:1}
.wrap{width:100%;max-width:68rem;margin:0 auto;padding:0 1rem}
.narrow .wrap{max-width:40rem}
.column{max-width:34rem}
.site-header{background:var(--surface);border-bottom:1px solid var(--line)}
.site-header .wrap{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1.25rem;min-height:4rem;padding-top:.5rem;padding-bottom:.5rem}
.brand{font-weight:650;font-size:1.05rem;color:var(--text);text-decoration:none;display:flex;align-items:center;gap:.6rem}
.brand::before{content:"";width:1.4rem;height:1.4rem;border-radius:6px 6px 6px 0;background:var(--accent)}
.qr{width:12rem;max-width:100%;margin:0 0 1rem;background:#fff}.qr svg{display:block;width:100%;height:auto}
.brand.with-logo::before{display:none}.brand-logo{height:2rem;width:auto;max-width:10rem;object-fit:contain}
.brand-contact{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin-top:.35rem}.brand-contact a{color:inherit}
.site-nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin-left:auto;align-items:center}
.site-nav:has(a:nth-of-type(8)){margin-left:0;width:100%}
.site-nav a{color:var(--muted);text-decoration:none;padding:.35rem 0}
.site-nav a[aria-current]{color:var(--text);font-weight:600;box-shadow:inset 0 -2px var(--accent)}
.who{color:var(--muted);font-size:.925rem}
main{flex:1;padding:2rem 0 3rem}
.site-footer{border-top:1px solid var(--line);color:var(--muted);font-size:.875rem;padding:1rem 0}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 1rem;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1.2rem;line-height:1.3;margin:0 0 .75rem}
h3{font-size:1rem;margin:0 0 .25rem}
p{margin:0 0 1rem}
ul,ol{margin:0 0 1rem;padding-left:1.35rem}
:where(ul,ol):not([class])>li+li{margin-top:.2rem}
.wide .lead,.wide .card>p,.wide .notice>p{max-width:48rem}
.lead{font-size:1.075rem;color:var(--muted)}
.muted{color:var(--muted)}
.small{font-size:.875rem}
.card{background:var(--surface);border:1px solid var(--line);border-radius:var(--radius);padding:1.25rem;margin:0 0 1.25rem}
.card>:last-child,.card>:last-child>:last-child,.notice>:last-child>:last-child{margin-bottom:0}
.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center}
.row.between{justify-content:space-between;margin-bottom:1.25rem}
.row.between>h1{margin:0}
.grid{display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));margin-bottom:1.25rem}
.grid>.card{margin:0}
form{margin:0}form+.card{margin-top:1.25rem}form+p{margin-top:.9rem}.card>form+form{margin-top:.75rem}
.field{margin:0 0 1.1rem}
.field-grid{display:grid;gap:0 1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,15rem),1fr));align-items:end}
.field label,.field legend,fieldset legend{display:block;font-weight:600;margin-bottom:.3rem;padding:0}
.hint{color:var(--muted);font-size:.9rem;margin:0 0 .35rem}
.field-error{color:var(--bad);font-weight:600;font-size:.925rem;margin:0 0 .35rem}
input[type=text],input[type=email],input[type=password],input[type=url],input[type=search],select,textarea{width:100%;font:inherit;font-size:16px;color:inherit;background:var(--bg);border:1px solid var(--muted);border-radius:8px;padding:.6rem .75rem;min-height:2.75rem}
textarea{min-height:6rem;resize:vertical}
[aria-invalid=true]{border-color:var(--bad);box-shadow:0 0 0 1px var(--bad)}
fieldset{border:0;margin:0 0 1.1rem;padding:0}
input[type=file]{font:inherit;max-width:100%}
::file-selector-button{font:inherit;font-weight:600;min-height:2.5rem;padding:.35rem 1rem;margin-right:.75rem;border-radius:8px;border:1px solid var(--muted);background:transparent;color:var(--text);cursor:pointer}
.choice{display:flex;gap:.65rem;align-items:flex-start;padding:.45rem 0}
.choice input{width:1.2rem;height:1.2rem;margin:.15rem 0 0;flex:none;accent-color:var(--accent)}
.choice label{font-weight:400;margin:0}
.choice .hint{display:block;margin:0}
.choice+.row,.choice+.button{margin-top:.75rem}
.button{display:inline-block;text-align:center;font:inherit;font-weight:600;min-height:2.75rem;padding:.55rem 1.2rem;border-radius:8px;border:1px solid transparent;cursor:pointer;text-decoration:none}
.button.primary{background:var(--accent);color:var(--accent-text)}
.button.secondary{background:transparent;border-color:var(--muted);color:var(--text)}
.button.danger{background:transparent;border-color:var(--bad);color:var(--bad)}
.button{max-width:100%;overflow-wrap:break-word}
.button:hover{filter:brightness(1.08)}
.button.danger:hover{background:var(--bad-soft)}
.button.link{min-height:0;padding:0;border:0;background:none;color:var(--accent);text-decoration:underline;font-weight:400}
.choices{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.choices .button{width:100%;padding-left:.5rem;padding-right:.5rem}
.badge{display:inline-block;font-size:.8125rem;font-weight:600;line-height:1.4;padding:.1rem .6rem;border-radius:99px;background:var(--accent-soft);color:var(--accent);white-space:nowrap}
.badge.good{background:var(--good-soft);color:var(--good)}.badge.warn{background:var(--warn-soft);color:var(--warn)}.badge.bad{background:var(--bad-soft);color:var(--bad)}
.badge.neutral{background:var(--bg);color:var(--muted);box-shadow:inset 0 0 0 1px var(--line)}
.notice{border-radius:var(--radius);padding:1rem 1.25rem;margin:0 0 1.25rem;background:var(--accent-soft);border-left:4px solid var(--accent)}
.notice.good{background:var(--good-soft);border-color:var(--good)}.notice.warn{background:var(--warn-soft);border-color:var(--warn)}.notice.bad{background:var(--bad-soft);border-color:var(--bad)}
.notice h2{font-size:1rem;margin-bottom:.35rem}
.notice>:last-child{margin-bottom:0}
.table{width:100%;border-collapse:collapse;margin:0 0 1rem}
.table th{text-align:left;font-size:.875rem;color:var(--muted);font-weight:600;padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line)}
.table td{padding:.65rem .75rem .65rem 0;border-bottom:1px solid var(--line);vertical-align:top}
.table tr:last-child td{border-bottom:0}
.table-box{container-type:inline-size}
.table .field{margin:0}.table .field>label{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.nowrap{white-space:nowrap}
.table td{overflow-wrap:anywhere}.table th{overflow-wrap:break-word}
.tabs{border-bottom:1px solid var(--line);margin:0 0 1.25rem}
.tabs ul{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:0 1.25rem}
.tabs li+li,.docs-nav li+li{margin-top:0}
.tabs a{display:inline-block;padding:.6rem 0;color:var(--muted);text-decoration:none}
.tabs a:hover{color:var(--text)}
.tabs a[aria-current]{color:var(--text);font-weight:600;box-shadow:inset 0 -3px var(--accent)}
.copy{margin:-.5rem 0 1rem;min-height:2.25rem;padding:.25rem .9rem;font-size:.9rem}
.secret+.copy{margin:.5rem 0 1rem}
dd .copy{margin:0 0 0 .75rem}
.docs{display:grid;gap:1.25rem 2.5rem;grid-template-columns:14rem minmax(0,1fr)}
.docs-nav ul{list-style:none;margin:1rem 0;padding:0}
.docs-nav a{display:block;padding:.3rem 0;text-decoration:none;color:var(--muted)}
.docs-nav a[aria-current]{color:var(--text);font-weight:600}
.docs-nav h2{font-size:.875rem;margin:.75rem 0 .25rem}
.article h2{margin-top:1.75rem}
.article>:first-child,.article .card h2{margin-top:0}
.uri mark{background:var(--bad-soft);color:var(--bad);border-radius:3px;box-shadow:0 0 0 1px var(--bad)}
figure{margin:0 0 1rem}
.bars{width:100%;height:auto;max-height:13rem}
.bars .served,.bars .usual{fill:var(--accent)}.bars .refused{fill:var(--bad)}.bars .slow{fill:var(--warn)}.bars text{fill:var(--muted);font-size:9px}.bars .scale{stroke:var(--line)}
.swatch{display:inline-block;width:.8rem;height:.8rem;border-radius:3px}.swatch.served,.swatch.usual{background:var(--accent)}.swatch.refused{background:var(--bad)}.swatch.slow{background:var(--warn)}
.request>.row.between{margin-bottom:.9rem}.request>.row.between:last-child{margin-bottom:0}.request>.row.between>*{min-width:0}
details.step{background:var(--surface);border:1px solid var(--line);border-radius:var(--radius);padding:.6rem 1.25rem;margin:0 0 1rem}
details.step>summary{color:var(--text);font-weight:650}
details.step>summary .step-note{font-weight:400;color:var(--muted)}
details.step[open]>summary{margin-bottom:.75rem}
.ok{color:var(--good)}.failed{color:var(--bad)}
pre.tall{max-height:28rem;overflow:auto}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.4rem 1.25rem;margin:0 0 1rem}
dt{color:var(--muted)}dd{margin:0;min-width:0;overflow-wrap:break-word}
code,pre{font:.9rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
pre{background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:.85rem 1rem;margin:0 0 1rem;white-space:pre-wrap}
.secret{display:block;background:var(--bg);border:1px dashed var(--muted);border-radius:8px;padding:.6rem .85rem;user-select:all}
.empty{text-align:center;padding:2.5rem 1rem;color:var(--muted)}
.app{display:flex;gap:.9rem;align-items:center;min-width:0}
.app-logo{width:3rem;height:3rem;border-radius:10px;flex:none;object-fit:contain;background:var(--accent-soft);color:var(--accent);display:grid;place-items:center;font-weight:700;font-size:1.3rem}
.app>div{min-width:0;overflow-wrap:break-word}
.app-name{font-weight:650;font-size:1.1rem;line-height:1.3}
.crumbs{font-size:.9rem;margin:0 0 .75rem;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.4rem}
.crumbs li{min-width:0;overflow-wrap:anywhere}
.crumbs li+li::before{content:"›";margin-right:.4rem;color:var(--muted)}
ol.timeline{margin:0;padding:0;list-style:none}.timeline>li{border-left:3px solid var(--line);padding:0 0 .75rem 1rem;margin:0}.timeline>li p{margin:0 0 .35rem}.timeline details{margin:0}.timeline .name{font-weight:600;overflow-wrap:anywhere}
.words{white-space:pre-line;overflow-wrap:anywhere}del{color:var(--muted)}ins{text-decoration:none;background:var(--good-soft)}
ul.plain{margin:0;padding:0;list-style:none}.plain li{margin:0 0 .25rem;overflow-wrap:anywhere}
ol.steps{margin:0 0 1rem;padding-left:1.4rem}.steps li{margin:0 0 .5rem}
html:has(.decide){scroll-padding-bottom:10rem}
.decide{position:sticky;bottom:-2.75rem;background:var(--bg);border-top:1px solid var(--line);padding:1rem 0 3.5rem;margin-bottom:-2.75rem}.decide p{margin:0 0 .75rem}
.passkey{border-top:1px solid var(--line);padding:1rem 0}.passkey p{margin:0 0 .75rem}
.kinds{list-style:none;margin:0;padding:0}.kinds>li{border-top:1px solid var(--line)}.kinds details{margin:0}.kinds summary{padding:.6rem 0;overflow:hidden}.kinds summary .count{float:right;color:var(--muted);font-size:.9rem;line-height:1.72}
.kinds ul{margin:0 0 .75rem;padding-left:1.2rem;color:var(--muted)}
ul.plain{list-style:none;margin:0;padding:0}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-start}
.picker{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr));list-style:none;margin:0 0 1rem;padding:0}
.picker li{position:relative;background:var(--surface);border:1px solid var(--line);border-radius:var(--radius);padding:.8rem 1rem}.picker li:hover{border-color:var(--accent)}.picker li:focus-within{outline:3px solid var(--focus);outline-offset:2px}
.picker .button{font-weight:650;text-align:left}.picker .button::after{content:"";position:absolute;inset:0}.picker .button:focus-visible{outline:0}.picker p{margin:.2rem 0 0}.picker .who{display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:baseline}
.beside{display:grid;gap:1.25rem 2.5rem;align-items:start}
@media (min-width:60rem){.beside{grid-template-columns:22rem minmax(0,1fr)}.beside>section{padding-top:.4rem}}
.confirmation .choices{grid-template-columns:repeat(auto-fit,minmax(min(100%,11rem),1fr))}
.confirmation[popover]{border:1px solid var(--line);border-radius:var(--radius);padding:1.25rem;background:var(--surface);color:var(--text);max-width:min(30rem,calc(100vw - 2rem))}
.confirmation:popover-open{animation:armed .5s}
@keyframes armed{from,99%{pointer-events:none}}
.confirmation::backdrop{background:rgb(0 0 0/.5)}
@supports not selector(:popover-open){button[popovertarget]{display:none}}
details{margin:0 0 1rem}summary{cursor:pointer;color:var(--accent);padding:.35rem 0}
@media (max-width:40rem){h1{font-size:1.45rem}main{padding:1.25rem 0 2rem}.site-nav{margin-left:0;width:100%}
.docs{grid-template-columns:minmax(0,1fr)}
.docs-nav ul{display:flex;flex-wrap:wrap;gap:0 1.25rem}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}
@container (min-width:34rem){.table td{min-width:5rem}.table td:first-child:has(code){min-width:15rem}}
@container (max-width:34rem){.table.narrow-table thead{position:absolute;left:-999px}.table.narrow-table tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}.table.narrow-table tr:last-child{border:0;padding-bottom:0}.table.narrow-table td{display:grid;grid-template-columns:6.25rem minmax(0,1fr);gap:.75rem;border:0;padding:.25rem 0}.table.narrow-table td>*{justify-self:start}.table.narrow-table td:empty{display:none}.table.narrow-table td::before{content:attr(data-label);color:var(--muted);font-size:.875rem;line-height:1.7}}
@container (max-width:52rem){.table.wide-table thead{position:absolute;left:-999px}.table.wide-table tr{display:block;border-bottom:1px solid var(--line);padding:.5rem 0}.table.wide-table tr:last-child{border:0;padding-bottom:0}.table.wide-table td{display:grid;grid-template-columns:7rem minmax(0,1fr);gap:.75rem;border:0;padding:.25rem 0}.table.wide-table td>*{justify-self:start}.table.wide-table td:empty{display:none}.table.wide-table td::before{content:attr(data-label);color:var(--muted);font-size:.875rem;line-height:1.7}}
`;
