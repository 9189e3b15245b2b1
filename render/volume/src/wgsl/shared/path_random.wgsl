// Random numbers by counter: pixel, sample and dimension decide each one, so the same input gives the same
// picture. PCG: Jarzynski and Olano 2020, "Hash functions for GPU rendering". Stratified pairs: Burley 2020,
// "Practical hash-based Owen scrambling", with the matrix of Ahmed 2024 for the second dimension.

const GOLDEN: u32 = 0x9e3779b9u;

fn pcg(v: u32) -> u32 {
    let state = v * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

// 0 up to but without 1.
fn unit(v: u32) -> f32 {
    return f32(v >> 8u) * 5.9604645e-8;
}

struct Random {
    // of the pixel, and of the pixel's sample
    pixel: u32,
    path: u32,
    // the sample, and how many loose numbers it has drawn
    sample: u32,
    drawn: u32,
}

fn random_of(pixel: u32, sample: u32, seed: u32) -> Random {
    let key = pcg(pixel ^ pcg(seed));
    return Random(key, pcg(key + sample * GOLDEN), sample, 0u);
}

// A number that knows nothing of the others; for free flights, which draw as many as they need.
fn loose(random: ptr<function, Random>) -> f32 {
    (*random).drawn += 1u;
    return unit(pcg((*random).path + (*random).drawn * GOLDEN));
}

// Laine and Karras 2011 with the constants of Vegdahl: an Owen scramble of reversed bits.
fn scramble(v: u32, seed: u32) -> u32 {
    var x = v;
    x ^= x * 0x3d20adeau;
    x += seed;
    x *= (seed >> 16u) | 1u;
    x ^= x * 0x05526c56u;
    x ^= x * 0x53a22864u;
    return x;
}

// The second dimension of Sobol's sequence out of the first.
fn sobol_second(first: u32) -> u32 {
    var v = first;
    v ^= v << 16u;
    v ^= (v & 0x00ff00ffu) << 8u;
    v ^= (v & 0x0f0f0f0fu) << 4u;
    v ^= (v & 0x33333333u) << 2u;
    v ^= (v & 0x55555555u) << 1u;
    return v;
}

// Two numbers that are spread evenly over the samples of a pixel; each slot is a sequence of its own.
fn pair(random: Random, slot: u32) -> vec2<f32> {
    let seed = pcg(random.pixel + (slot + 1u) * GOLDEN);
    let index = reverseBits(scramble(reverseBits(random.sample), seed));
    let first = reverseBits(index);
    let x = reverseBits(scramble(index, pcg(seed ^ 0x5bd1e995u)));
    let y = reverseBits(scramble(reverseBits(sobol_second(first)), pcg(seed ^ 0x27d4eb2fu)));
    return vec2<f32>(unit(x), unit(y));
}
