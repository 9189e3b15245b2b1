// Blinn-Phong with one light. `normal` need not be unit; it is turned towards the eye, since a scan's
// surfaces are seen from both sides.

struct Material {
    ambient: f32,
    diffuse: f32,
    specular: f32,
    shininess: f32,
}

fn lit(base: vec3<f32>, normal: vec3<f32>, ray: vec3<f32>, light: vec3<f32>, m: Material) -> vec3<f32> {
    let len = length(normal);
    if len < 1e-12 {
        return unlit(base, m);
    }
    var n = normal / len;
    if dot(n, ray) > 0.0 {
        n = -n;
    }
    let half_way = normalize(light - ray);
    let diffuse = max(dot(n, light), 0.0);
    let specular = pow(max(dot(n, half_way), 1e-6), m.shininess);
    return base * (m.ambient + m.diffuse * diffuse) + vec3<f32>(m.specular * specular);
}

// What has no clear surface: the brightness of a surface half turned to the light.
fn unlit(base: vec3<f32>, m: Material) -> vec3<f32> {
    return base * (m.ambient + 0.6 * m.diffuse);
}
