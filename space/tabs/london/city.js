// js_on_load of the city panel: the slider colours the dots and orders the ranking; play moves it ten times a second.
const UNKNOWN = 255, PICTURE_MS = 100, ROWS = 20, MOST_POINTS = 30
let city = null, timer = 0, what = 'level', words = ''

const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
const mix = (a, b, share) => a.map((value, i) => Math.round(value + (b[i] - value) * share))
const LOW = [181, 214, 234], MIDDLE = [247, 227, 176], HIGH = [213, 94, 0], LESS = [15, 92, 173], USUAL = [245, 245, 245]
const scale = (low, middle, high, share) => `rgb(${share < 0.5 ? mix(low, middle, share * 2) : mix(middle, high, share * 2 - 1)})`

function at(row, time) {
  const level = city.levels[row * city.count + time], usual = city.usual[row * city.count + time]
  return {row, level: level === UNKNOWN ? null : level, usual: usual === UNKNOWN ? null : usual}
}

function value(now) {
  if (what === 'level') return now.level
  return now.level === null || now.usual === null ? null : now.level - now.usual
}

function colour(number) {
  if (number === null) return ''
  if (what === 'level') return scale(LOW, MIDDLE, HIGH, number / 100)
  return scale(LESS, USUAL, HIGH, Math.min(Math.max((number + MOST_POINTS) / (2 * MOST_POINTS), 0), 1))
}

function draw() {
  if (!city) return
  const slider = element.querySelector('input[type=range]'), time = Number(slider.value)
  const clock = new Date(Date.parse(city.start) + time * 900_000)
    .toLocaleTimeString('en-GB', {hour: '2-digit', minute: '2-digit', timeZone: 'Europe/London'})
  slider.setAttribute('aria-valuetext', clock)
  element.querySelector('output').textContent = clock
  element.querySelector('.city-index').textContent = city.index[time]
  const moment = city.names.map((_, row) => at(row, time))
  for (const dot of city.dots) {
    const found = colour(value(moment[dot.dataset.row]))
    dot.style.fill = found
    dot.classList.toggle('unknown', !found)
  }
  rank(moment)
}

function rank(moment) {
  const fits = row => !words || `${city.names[row]} ${city.areas[row]}`.toLowerCase().includes(words)
  const best = moment.filter(now => value(now) !== null && fits(now.row)).sort((a, b) => value(b) - value(a)).slice(0, ROWS)
  const rows = element.querySelectorAll('.city-ranking tbody tr')
  rows.forEach((line, place) => {
    const now = best[place]
    line.hidden = !now
    if (!now) return
    const [name, level, usual] = line.children, button = name.firstChild
    button.textContent = city.names[now.row]
    button.dataset.row = now.row
    name.lastChild.textContent = city.areas[now.row]
    level.textContent = `${now.level}%`
    usual.textContent = now.usual === null ? 'not known' : `${now.usual}%`
  })
}

function play(on) {
  const button = element.querySelector('.play')
  clearInterval(timer)
  timer = on ? setInterval(() => {
    const slider = element.querySelector('input[type=range]')
    if (!slider || !slider.isConnected) return clearInterval(timer)
    slider.value = (Number(slider.value) + 1) % city.count
    draw()
  }, PICTURE_MS) : 0
  button.setAttribute('aria-pressed', Boolean(on))
  button.textContent = on ? 'Pause' : 'Play'
}

function choose(row) {
  for (const dot of city.dots) dot.classList.toggle('chosen', Number(dot.dataset.row) === row)
  trigger('choose', {camera: city.folders[row]})
}

function take() {
  clearInterval(timer)
  const panel = element.querySelector('.city')
  if (!panel) { city = null; return }
  city = JSON.parse(panel.dataset.city)
  city.levels = bytes(city.levels)
  city.usual = bytes(city.usual)
  city.dots = [...element.querySelectorAll('circle')]
  words = ''
  what = 'level'
  element.querySelector('input[value=level]').checked = true  // the browser drops it when a day replaces another
  const line = '<tr hidden><td><button type="button"></button><span></span></td><td></td><td></td></tr>'
  element.querySelector('.city-ranking tbody').innerHTML = line.repeat(ROWS)
  element.querySelector('.city').dataset.what = what
  draw()
}

element.addEventListener('input', event => {
  if (event.target.type === 'radio') { what = event.target.value; element.querySelector('.city').dataset.what = what }
  if (event.target.type === 'search') words = event.target.value.trim().toLowerCase()
  draw()
})
element.addEventListener('click', event => {
  const button = event.target.closest('button')
  if (button?.classList.contains('play')) play(button.getAttribute('aria-pressed') !== 'true')
  else if (button?.dataset.row) choose(Number(button.dataset.row))
  else if (event.target.tagName === 'circle') choose(Number(event.target.dataset.row))
})
watch('value', take)
take()
