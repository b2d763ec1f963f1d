// js_on_load of the chart: point at it, scrub along it, walk through the day by keyboard, save it as a picture. The chosen moment goes out
// as the event "day:moment" on the document; "day:go" moves it, "day:save" saves the picture. The page's address names camera, day, moment.
let moments = [], day = '', chosen = -1, held = false, addressing = 0, view = ''
element.style.position = 'relative'  // marks are placed in it
const plot = () => element.querySelector('.plot')
const shareOf = index => Math.min(moments[index][4] / Number(plot().dataset.minutes), 1)
const within = index => Math.max(0, Math.min(moments.length - 1, index))

function mark(name, index) {
  let line = element.querySelector(`.${name}`)
  if (!line) {
    line = document.createElement('div')
    line.className = name
    line.append(document.createElement('span'))
    element.append(line)
  }
  line.hidden = index < 0 || !plot()
  if (line.hidden) return
  const box = plot().getBoundingClientRect(), home = element.getBoundingClientRect(), share = shareOf(index)
  line.style.left = `${box.left - home.left + share * box.width}px`
  line.style.top = `${box.top - home.top}px`
  line.style.height = `${box.height - plot().querySelector('.hours').offsetHeight}px`
  line.classList.toggle('to-left', share > 0.5)
  line.firstChild.textContent = `${moments[index][0]}  ${moments[index][3]}`
}

function place() {
  const [clock, , , words] = moments[chosen]
  plot().setAttribute('aria-valuenow', chosen)
  plot().setAttribute('aria-valuetext', `${clock}, ${words}`)
  mark('cursor', chosen)
}

function choose(index) {
  if (!plot()) return
  chosen = within(index)
  place()
  const [clock, utc, kind, words] = moments[chosen]
  document.dispatchEvent(new CustomEvent('day:moment', {detail: {index: chosen, last: moments.length - 1, clock, kind, words}}))
  clearTimeout(addressing)  // browsers bound how often an address may change
  addressing = setTimeout(() => address({at: utc}), 300)
}

function address(parts) {
  const url = new URL(location.href)
  for (const [name, value] of Object.entries(parts)) value ? url.searchParams.set(name, value) : url.searchParams.delete(name)
  history.replaceState(history.state, '', url)
}

// One of the views; the choice outlives the chart, which is drawn anew for each day.
function show(radio) {
  radio.checked = true
  view = element.querySelector('.day-views').dataset.dayView = radio.value
}
element.addEventListener('change', event => { if (event.target.closest('.views')) show(event.target) })

function take() {
  const host = plot()
  if (!host) return
  moments = JSON.parse(host.dataset.moments)
  const wanted = element.querySelector(`.views [value="${view}"]`)
  if (wanted) show(wanted)
  if (host.dataset.day !== day) {
    day = host.dataset.day
    chosen = -1
    document.dispatchEvent(new CustomEvent('day:new', {detail: {day}}))
    const [camera, date] = JSON.parse(day)
    address({camera, day: date, at: ''})
  }
  const [second, second_day] = JSON.parse(host.dataset.second)
  address({second, second_day})
  if (chosen >= 0) place()
  else if (host.dataset.start) choose(Number(host.dataset.start))
}

// The last moment that is not after the minute: it holds until the next one.
function atMinute(minute) {
  let index = moments.findIndex(moment => moment[4] > minute)
  return within(index < 0 ? moments.length - 1 : index - 1)
}

const pointedAt = event => {
  const box = plot().getBoundingClientRect()
  return atMinute((event.clientX - box.left) / box.width * Number(plot().dataset.minutes))
}
element.addEventListener('pointerdown', event => {
  if (!event.target.closest('.plot') || event.button) return
  held = true
  plot().setPointerCapture(event.pointerId)
  mark('pointer', -1)
  choose(pointedAt(event))
})
element.addEventListener('pointermove', event => {
  if (held && pointedAt(event) !== chosen) choose(pointedAt(event))
  else if (!held && event.pointerType === 'mouse') mark('pointer', event.target.closest('.plot') ? pointedAt(event) : -1)
})
for (const name of ['pointerup', 'pointercancel']) element.addEventListener(name, () => { held = false })
element.addEventListener('pointerleave', () => mark('pointer', -1))
// How many moments an hour is from the chosen one, at least one.
function hours(by) {
  if (chosen < 0) return by
  const minute = moments[chosen][4] + 60 * by
  const distance = index => Math.abs(moments[index][4] - minute)
  let there = atMinute(minute)
  if (distance(within(there + 1)) < distance(there)) there = within(there + 1)
  return there === chosen ? by : there - chosen
}
element.addEventListener('keydown', event => {
  const steps = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: hours(1), PageDown: hours(-1), Home: -moments.length, End: moments.length}
  if (!event.target.closest('.plot') || !(event.key in steps)) return
  event.preventDefault()
  choose(chosen + steps[event.key])
})
// The chart as a PNG in its light colours, twice the size: the page's own SVGs, put together with title, hours, legend and credit.
const WIDTH = 1100, LEFT = 56, RIGHT = 20, PANEL = 380
function escaped(text) {
  const holder = document.createElement('i')
  holder.textContent = text
  return holder.innerHTML
}
function asSvg() {
  const host = plot(), inner = WIDTH - LEFT - RIGHT, seen = element.querySelector('.day-views').dataset.dayView
  const part = (svg, y, height) => {
    const copy = svg.cloneNode(true)
    for (const [name, value] of Object.entries({x: LEFT, y, width: inner, height})) copy.setAttribute(name, value)
    return new XMLSerializer().serializeToString(copy)
  }
  const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${escaped(words)}</text>`
  let body = text(LEFT, 30, host.dataset.title, 'class="title"'), y = 64
  const [unit, ...scale] = {share: ['Share taken', '100%', '50%', '0%'], probability: ['P(full)', '1', '0.5', '0']}[seen] ?? ['']
  body += text(LEFT, y - 6, unit) + scale.map((label, i) => text(LEFT - 8, y + PANEL * i / 2 + 4, label, 'text-anchor="end"')).join('')
  body += part(host.querySelector('.panel'), y, PANEL)
  y += PANEL + 8
  for (const strip of host.querySelectorAll('.strip')) { body += part(strip, y, 24); y += 32 }
  for (const hour of host.querySelectorAll('.hours i')) body += text(LEFT + parseFloat(hour.style.left) / 100 * inner, y + 8, hour.textContent, 'text-anchor="middle"')
  y += 34
  let x = LEFT
  for (const item of element.querySelectorAll('.day-legend li')) {
    if (getComputedStyle(item).display === 'none') continue
    const label = item.textContent, width = 40 + 6.6 * label.length
    if (x + width > WIDTH && x > LEFT) { x = LEFT; y += 24 }
    const key = item.querySelector('svg').cloneNode(true)
    for (const [name, value] of Object.entries({x, y: y - 12})) key.setAttribute(name, value)
    body += new XMLSerializer().serializeToString(key) + text(x + 20, y, label)
    x += width
  }
  y += 30
  body += text(WIDTH - RIGHT, y, host.dataset.credit, 'class="credit" text-anchor="end"')
  const height = y + 14
  const style = 'text { font: 13px sans-serif; fill: #454d57 } .title { font-size: 18px; font-weight: 600; fill: #22272e } .credit { font-size: 10px } .key { color: #22272e }'
  const lines = '.key path { fill: none } .key .interval { fill: rgba(34, 39, 46, 0.2) } .key .usual-range { fill: rgba(156, 63, 128, 0.22) } .key .share-band { fill: rgba(0, 95, 150, 0.24) }'
  return {height, xml: `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" data-day-view="${seen}">` +
    `<style>${style} ${lines}</style><rect width="100%" height="100%" fill="#ffffff"/>${body}</svg>`}
}
async function save() {
  if (!plot()) return
  const {height, xml} = asSvg(), image = new Image(), canvas = document.createElement('canvas')
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(xml)}`
  await image.decode()
  canvas.width = 2 * WIDTH
  canvas.height = 2 * height
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise(done => canvas.toBlob(done, 'image/png')), link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = plot().dataset.file
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
}
document.addEventListener('day:save', save)
document.addEventListener('day:go', event => choose(event.detail.index ?? chosen + event.detail.by))
new ResizeObserver(() => { if (chosen >= 0 && plot()) mark('cursor', chosen) }).observe(element)
watch('value', take)
take()
