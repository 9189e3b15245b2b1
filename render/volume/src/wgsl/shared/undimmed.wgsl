#import shared/volume.wgsl
#import shared/light.wgsl
// In the place of shared/light_grid.wgsl where no volume asks for occlusion or a shadow.

fn dimmed(m: Material, tex: vec3<f32>, gradient: vec3<f32>, ray: vec3<f32>, surface: f32) -> Material {
    return m;
}
