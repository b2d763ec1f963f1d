// js_on_load of the map: Leaflet draws the list of cameras over London's boroughs. A click or Enter chooses a camera (event "choose"),
// arrow keys go to a neighbour. One finger moves the map only when it is zoomed in: until then it scrolls the page.
const CLICK_PX = 22, PX_A_LETTER = 10, CLOSEST_AT_FIRST = 12, GRID_ZOOM = 12
const TILES = 'https://tile.openstreetmap.org/{z}/{x}/{y}.png'
const TILE_CREDIT = '© <a href="https://www.openstreetmap.org/copyright" target="_blank" rel="noopener">OpenStreetMap</a> contributors'
const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches, hasMouse = matchMedia('(pointer: fine)').matches
let libraries = null, map = null, boroughs = null, streets = null, active = null, zoomAtFirst = 0
const find = selector => element.querySelector(selector)
const cameras = () => [...element.querySelectorAll('.map-list > *')]
const at = camera => [Number(camera.dataset.lat), Number(camera.dataset.lon)]
const address = name => new URL(`vendor/${name}`, window.gradio_config.root.replace(/\/*$/, '/')).href

async function load() {  // Leaflet, its style sheet, and the outlines
  const style = Object.assign(document.createElement('link'), {rel: 'stylesheet', href: address('leaflet.css')})
  const styled = new Promise(done => { style.onload = done })
  document.head.prepend(style)  // so that our own style sheet has the last word
  const outlines = fetch(address('london_boroughs.geojson')).then(reply => reply.json())
  return Promise.all([outlines, styled, import(address('leaflet.js'))])
}

async function draw() {
  const [outlines] = await (libraries ??= load()), view = find('.map-view'), L = window.L
  if (map || !view?.offsetWidth) return
  map = L.map(view, {keyboard: false, zoomSnap: 0.25, maxZoom: 18, zoomAnimation: !isCalm, fadeAnimation: !isCalm, inertia: !isCalm})
  map.attributionControl.setPrefix(false)
  boroughs = L.geoJSON(outlines, {interactive: false, style: {className: 'borough'}})
  map.fitBounds(L.latLngBounds(cameras().map(at)), {padding: [24, 24], maxZoom: CLOSEST_AT_FIRST})
  zoomAtFirst = map.getZoom()
  map.setMinZoom(Math.min(zoomAtFirst, map.getBoundsZoom(boroughs.getBounds())))
  boroughs.addTo(map)
  boroughs.eachLayer(layer => {
    layer.bindTooltip(layer.feature.properties.name, {permanent: true, direction: 'center', className: 'borough-name'})
  })
  const radius = cameras().length < 100 ? 6 : view.offsetWidth < 600 ? 3 : 4
  for (const camera of cameras()) {
    const options = {radius, interactive: false, className: `camera ${camera.className}`}
    L.circleMarker(at(camera), options).addTo(map).getElement().dataset.camera = camera.id
  }
  map.on('zoomend', look)
  map.on('click', event => { const camera = nearest(event.containerPoint); if (camera) choose(camera) })
  map.on('mousemove', event => name(nearest(event.containerPoint)))
  map.on('mouseout', () => name(active))
  look()
  highlight('chosen', find('[aria-selected="true"]'))
}

function look() {  // what depends on the zoom
  map.dragging[hasMouse || map.getZoom() > zoomAtFirst ? 'enable' : 'disable']()
  find('.map-view').classList.toggle('near', map.getZoom() > CLOSEST_AT_FIRST)
  boroughs.eachLayer(layer => {  // a name is shown where its borough has room for it
    const box = layer.getBounds(), [west, east] = [box.getSouthWest(), box.getNorthEast()].map(corner => map.latLngToLayerPoint(corner).x)
    layer.getTooltip().getElement().hidden = east - west < PX_A_LETTER * layer.feature.properties.name.length
  })
}

function showStreets(wanted) {
  streets?.remove()
  const options = {maxZoom: 19, attribution: TILE_CREDIT, referrerPolicy: 'strict-origin-when-cross-origin'}
  streets = wanted ? window.L.tileLayer(TILES, options).addTo(map) : null
  find('.map-view').classList.toggle('with-streets', wanted)
}

function nearest(point) {
  const far = camera => map.latLngToContainerPoint(at(camera)).distanceTo(point)
  const found = cameras().reduce((best, camera) => far(camera) < far(best) ? camera : best)
  return far(found) < CLICK_PX ? found : null
}

function highlight(kind, camera) {
  find(`.camera.${kind}`)?.classList.remove(kind)
  const dot = camera && find(`.camera[data-camera="${CSS.escape(camera.id)}"]`)
  if (!dot) return
  dot.classList.add(kind)
  dot.parentNode.append(dot)  // on top of its neighbours
}

function name(camera) {
  find('.map-name').hidden = !camera
  find('.map-name').textContent = camera?.textContent ?? ''
  highlight('pointed', camera)
}

function select(camera) {
  active = camera
  find('.map-list').setAttribute('aria-activedescendant', camera.id)
  name(camera)
  map?.panInside(at(camera), {padding: [40, 40], animate: !isCalm})
}

function mark(id) {
  for (const camera of cameras()) camera.setAttribute('aria-selected', camera.id === id)
  highlight('chosen', cameras().find(camera => camera.id === id))
}

function choose(camera) {
  select(camera)
  mark(camera.id)
  trigger('choose', {camera: camera.id.replace('camera-', '')})
}

// The camera that lies most nearly that way: twice as far is as bad as 60 degrees aside.
function neighbour(dx, dy) {
  const grid = place => map.project(place, GRID_ZOOM), here = grid(active ? at(active) : map.getCenter())
  const cost = camera => {
    const there = grid(at(camera)).subtract(here), along = there.x * dx + there.y * dy, across = there.x * dy - there.y * dx
    return along > 0.01 ? along + 2 * Math.abs(across) : Infinity
  }
  const best = cameras().reduce((found, camera) => cost(camera) < cost(found) ? camera : found)
  return cost(best) < Infinity ? best : active
}

const WAYS = {ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}, ZOOMS = {'+': 1, '-': -1}
element.addEventListener('keydown', event => {
  if (!event.target.matches('.map-list') || !map) return
  if (event.key in WAYS) {
    const camera = neighbour(...WAYS[event.key])
    if (camera) select(camera)
  } else if (event.key in ZOOMS) map.setZoomAround(active ? at(active) : map.getCenter(), map.getZoom() + ZOOMS[event.key])
  else if ((event.key === 'Enter' || event.key === ' ') && active) choose(active)
  else return
  event.preventDefault()
})
// A wheel alone scrolls the page.
element.addEventListener('wheel', event => { if (!event.ctrlKey) event.stopPropagation() }, {capture: true})
element.addEventListener('change', event => { if (event.target.matches('.streets') && map) showStreets(event.target.checked) })
document.addEventListener('day:new', event => {
  mark(`camera-${JSON.parse(event.detail.day)[0]}`)
  find('details')?.removeAttribute('open')
})
new ResizeObserver(() => { map ? map.invalidateSize() : draw() }).observe(element)
watch('value', () => {
  map?.remove()
  map = streets = active = null
  draw()
})
draw()
