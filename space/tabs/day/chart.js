// js_on_load of the chart: pointing at it, scrubbing along it, and walking through the day by keyboard. The chosen moment goes out as the
// event "day:moment" on the document; "day:go" comes in from whoever else moves it. The address of the page names camera, day and moment.
let moments = [], day = '', chosen = -1, held = false, addressing = 0
element.style.position = 'relative'  // marks are placed in it
const plot = () => element.querySelector('.plot')
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
  const box = plot().getBoundingClientRect(), home = element.getBoundingClientRect(), share = (index + 0.5) / moments.length
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

function take() {
  const host = plot()
  if (!host) return
  moments = JSON.parse(host.dataset.moments)
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

const pointedAt = event => {
  const box = plot().getBoundingClientRect()
  return within(Math.floor((event.clientX - box.left) / box.width * moments.length))
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
element.addEventListener('keydown', event => {
  const steps = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 12, PageDown: -12, Home: -moments.length, End: moments.length}
  if (!event.target.closest('.plot') || !(event.key in steps)) return
  event.preventDefault()
  choose(chosen + steps[event.key])
})
document.addEventListener('day:go', event => choose(event.detail.index ?? chosen + event.detail.by))
new ResizeObserver(() => { if (chosen >= 0 && plot()) mark('cursor', chosen) }).observe(element)
watch('value', take)
take()
