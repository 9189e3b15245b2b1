//! Peels what is translucent into layers, for a march to take in or to be laid over what is there.

use std::sync::mpsc;

use render_gpu::{Gpu, read_texture_layer};
use wgpu::{TextureFormat, TextureSampleType as Sample, TextureUsages, TextureViewDimension as Dimension};

use super::make::{Make, layers_of, pipeline, plain_or_layered};
use super::pipelines::uniform;
use super::{Part, Target, bind, group_layout, place, texture, uniforms};
use crate::caster::LayerPictures;
use crate::{mesh_buffers, shaders, stroke};

/// Layers of translucent things that are kept apart at each pixel, unless
/// [`Renderer::keep_layers`](super::Renderer::keep_layers) says fewer; those behind are one more.
pub const LAYERS: u32 = 8;
/// Premultiplied; sRGB, so that 8 bits suffice for linear light.
const COLOUR: TextureFormat = TextureFormat::Rgba8UnormSrgb;
const ITEM: TextureFormat = TextureFormat::R32Uint;
const DEPTH: TextureFormat = TextureFormat::Depth32Float;

/// The passes, and the layers of about the last size drawn.
#[derive(Debug)]
pub(super) struct Layers {
    /// What a march reads: group 3.
    pub(super) layout: wgpu::BindGroupLayout,
    none: Kept,
    /// How many are kept apart.
    count: u32,
    /// For both eyes at once, each with its own of every layer.
    both: bool,
    peel: wgpu::BindGroupLayout,
    mesh: Peeler,
    stroke: Peeler,
    over: wgpu::RenderPipeline,
    behind: wgpu::RenderPipeline,
    kept: Option<Kept>,
    merged: Option<Merged>,
    /// Whether the last scene had anything to peel.
    peeled: bool,
}

/// Makes one layer, and the one of all that is left.
#[derive(Debug)]
struct Peeler {
    turn: wgpu::RenderPipeline,
    rest: wgpu::RenderPipeline,
}

/// Textures of one size.
#[derive(Debug)]
struct Kept {
    size: [u32; 2],
    colour_layers: wgpu::Texture,
    depth_layers: wgpu::Texture,
    colours: Vec<wgpu::TextureView>,
    depths: Vec<wgpu::TextureView>,
    items: [wgpu::TextureView; 2],
    group: wgpu::BindGroup,
}

/// The answer to whether anything was merged, on its way.
#[derive(Debug)]
struct Merged {
    query: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
}

impl Layers {
    pub(super) fn new(
        gpu: &Gpu,
        format: TextureFormat,
        view: &wgpu::BindGroupLayout,
        mesh: &wgpu::BindGroupLayout,
        both: bool,
    ) -> Self {
        let layout = layer_layout(gpu);
        let flat = plain_or_layered(both);
        let peel = group_layout(
            gpu,
            "peel",
            &[
                uniform(),
                texture(Sample::Depth, flat),
                texture(Sample::Depth, flat),
                texture(Sample::Uint, flat),
            ],
        );
        let peeler = |name: &str, buffers: &[wgpu::VertexBufferLayout<'_>], topology| {
            let module = shaders::module_for(gpu, name, both);
            let make = |rest: bool| {
                let colour = wgpu::ColorTargetState {
                    format: COLOUR,
                    blend: rest.then_some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: wgpu::ColorWrites::ALL,
                };
                let item = (!rest).then(|| ITEM.into());
                pipeline(
                    gpu,
                    &Make {
                        label: name,
                        module: &module,
                        groups: &[Some(view), Some(mesh), Some(&peel)],
                        buffers,
                        topology,
                        targets: &[Some(colour), item],
                        depth: Some(!rest),
                        both,
                    },
                )
            };
            Peeler { turn: make(false), rest: make(true) }
        };
        let target = Some(wgpu::ColorTargetState {
            format,
            blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
            write_mask: wgpu::ColorWrites::ALL,
        });
        let strip = wgpu::PrimitiveTopology::TriangleStrip;
        let list = wgpu::PrimitiveTopology::TriangleList;
        Self {
            mesh: peeler("mesh_layer.wgsl", &[mesh_buffers::VERTEX_LAYOUT], list),
            stroke: peeler("stroke_layer.wgsl", &[stroke::SEGMENT_LAYOUT], strip),
            over: pipeline(
                gpu,
                &Make {
                    label: "layers",
                    module: &shaders::module_for(gpu, "layers_over.wgsl", both),
                    groups: &[Some(view), None, None, Some(&layout)],
                    buffers: &[],
                    topology: list,
                    targets: std::slice::from_ref(&target),
                    depth: None,
                    both,
                },
            ),
            behind: pipeline(
                gpu,
                &Make {
                    label: "hidden lines",
                    module: &shaders::module_for(gpu, "stroke_behind.wgsl", both),
                    groups: &[Some(view), Some(mesh)],
                    buffers: &[stroke::SEGMENT_LAYOUT],
                    topology: strip,
                    targets: &[target],
                    depth: None,
                    both,
                },
            ),
            none: Kept::new(gpu, &layout, [1, 1], 1, both),
            both,
            count: LAYERS,
            layout,
            peel,
            kept: None,
            merged: None,
            peeled: false,
        }
    }

    /// Peels the translucent part of a scene; group 3 with its layers, or `None` where there is no such part.
    pub(super) fn peel(
        &mut self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        draws: &Draws<'_>,
    ) -> Option<wgpu::BindGroup> {
        self.merged = None;
        self.peeled = !(draws.meshes.is_empty() && draws.strokes.is_empty());
        if !self.peeled {
            return None;
        }
        let size = [part.width, part.height];
        let count = self.count as usize;
        if self.kept.as_ref().is_none_or(|k| k.depths.len() != count || !serves(k.size, size)) {
            self.kept = None;
            self.kept = Some(Kept::new(gpu, &self.layout, size, self.count, self.both));
        }
        let kept = self.kept.as_ref()?;
        for turn in 0..=count {
            let rest = turn == count;
            // the first turn reads no layer
            let (depth, item) = match turn.checked_sub(1) {
                Some(last) => (&kept.depths[last], &kept.items[last % 2]),
                None => (&self.none.depths[0], &self.none.items[0]),
            };
            let uniform = gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
                label: Some("peel"),
                contents: bytemuck::bytes_of(&uniforms::peel(part, turn == 0)),
                usage: wgpu::BufferUsages::UNIFORM,
            });
            let group = bind(
                gpu,
                "peel",
                &self.peel,
                &[
                    uniform.as_entire_binding(),
                    wgpu::BindingResource::TextureView(target.depth),
                    wgpu::BindingResource::TextureView(depth),
                    wgpu::BindingResource::TextureView(item),
                ],
            );
            let cleared = wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                store: wgpu::StoreOp::Store,
            };
            let colour = |view| wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: cleared,
            };
            // a query counts for one eye only
            let query = (rest && !self.both).then(|| Merged::new(gpu));
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("layer"),
                multiview_mask: layers_of(self.both),
                color_attachments: &[
                    Some(colour(&kept.colours[turn])),
                    (!rest).then(|| colour(&kept.items[turn % 2])),
                ],
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &kept.depths[turn.min(count - 1)],
                    depth_ops: (!rest).then_some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(0.0),
                        store: wgpu::StoreOp::Store,
                    }),
                    stencil_ops: None,
                }),
                occlusion_query_set: query.as_ref().map(|m| &m.query),
                ..Default::default()
            });
            if query.is_some() {
                pass.begin_occlusion_query(0);
            }
            place(&mut pass, part.at_corner());
            pass.set_bind_group(0, draws.view, &[]);
            pass.set_bind_group(2, &group, &[]);
            pass.set_pipeline(if rest { &self.mesh.rest } else { &self.mesh.turn });
            for (buffers, group) in &draws.meshes {
                pass.set_bind_group(1, group, &[]);
                buffers.draw(&mut pass);
            }
            pass.set_pipeline(if rest { &self.stroke.rest } else { &self.stroke.turn });
            for (buffers, group) in &draws.strokes {
                pass.set_bind_group(1, group, &[]);
                buffers.draw(&mut pass);
            }
            if query.is_some() {
                pass.end_occlusion_query();
            }
            drop(pass);
            if let Some(merged) = query {
                merged.resolve(encoder);
                self.merged = Some(merged);
            }
        }
        Some(kept.group.clone())
    }

    /// Group 3 without a layer.
    pub(super) const fn none(&self) -> &wgpu::BindGroup {
        &self.none.group
    }

    /// Keeps so many layers apart.
    pub(super) fn keep(&mut self, count: u32) {
        self.count = count.clamp(1, LAYERS);
    }

    /// Whether the last scene had anything to peel.
    pub(super) const fn has_peeled(&self) -> bool {
        self.peeled
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// The layers of the last scene peeled; `None` when the device was lost.
    pub(super) fn read(&self, gpu: &Gpu) -> Option<LayerPictures> {
        let kept = self.kept.as_ref()?;
        let read = |texture, layer: usize| Some(read_texture_layer(gpu, texture, layer as u32).ok()?.bytes);
        let depths: Option<Vec<Vec<f32>>> = (0..kept.depths.len())
            .map(|n| Some(bytemuck::pod_collect_to_vec(&read(&kept.depth_layers, n)?)))
            .collect();
        let colours: Option<_> = (0..kept.colours.len()).map(|n| read(&kept.colour_layers, n)).collect();
        Some(LayerPictures::new(kept.size[0] as usize, depths?, colours?))
    }

    /// Lays the layers over a target.
    pub(super) fn over(&self, pass: &mut wgpu::RenderPass<'_>, group: &wgpu::BindGroup) {
        pass.set_pipeline(&self.over);
        pass.set_bind_group(3, group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// Sets the pipeline for hidden parts of lines.
    pub(super) fn hidden_lines(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.behind);
    }

    /// Whether the last picture had more layers at a pixel than are kept apart.
    pub(super) fn merged(&self, gpu: &Gpu) -> Option<bool> {
        self.merged.as_ref().map_or(Some(false), |m| m.wait(gpu))
    }
}

/// What is to be peeled, with its groups 0 and 1.
pub(super) struct Draws<'a> {
    pub(super) view: &'a wgpu::BindGroup,
    pub(super) meshes: Vec<(&'a crate::MeshBuffers, wgpu::BindGroup)>,
    pub(super) strokes: Vec<(&'a crate::StrokeBuffers, wgpu::BindGroup)>,
}

/// Whether textures of one size do for a picture of another: not too small, and less than four times as large.
pub(super) fn serves(kept: [u32; 2], wanted: [u32; 2]) -> bool {
    let area = |[w, h]: [u32; 2]| u64::from(w) * u64::from(h);
    kept[0] >= wanted[0] && kept[1] >= wanted[1] && area(kept) < 4 * area(wanted).max(1)
}

impl Kept {
    fn new(gpu: &Gpu, layout: &wgpu::BindGroupLayout, size: [u32; 2], layers: u32, both: bool) -> Self {
        let eyes = 1 + u32::from(both);
        let texture = |label, format, layers| {
            gpu.device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d {
                    width: size[0],
                    height: size[1],
                    depth_or_array_layers: layers * eyes,
                },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: TextureUsages::RENDER_ATTACHMENT
                    | TextureUsages::TEXTURE_BINDING
                    | TextureUsages::COPY_SRC,
                view_formats: &[],
            })
        };
        let one = |texture: &wgpu::Texture, layer| {
            texture.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(plain_or_layered(both)),
                base_array_layer: layer * eyes,
                array_layer_count: Some(eyes),
                ..Default::default()
            })
        };
        let all = |texture: &wgpu::Texture| {
            texture.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(Dimension::D2Array),
                ..Default::default()
            })
        };
        let colours = texture("layers", COLOUR, layers + 1);
        let depths = texture("layer depths", DEPTH, layers);
        let items = texture("layer items", ITEM, 2);
        Self {
            size,
            group: bind(
                gpu,
                "layers",
                layout,
                &[
                    wgpu::BindingResource::TextureView(&all(&colours)),
                    wgpu::BindingResource::TextureView(&all(&depths)),
                ],
            ),
            colours: (0..=layers).map(|n| one(&colours, n)).collect(),
            depths: (0..layers).map(|n| one(&depths, n)).collect(),
            items: [one(&items, 0), one(&items, 1)],
            colour_layers: colours,
            depth_layers: depths,
        }
    }
}

impl Merged {
    fn new(gpu: &Gpu) -> Self {
        let buffer = |label, usage| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: 8,
                usage,
                mapped_at_creation: false,
            })
        };
        Self {
            query: gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("merged layers"),
                ty: wgpu::QueryType::Occlusion,
                count: 1,
            }),
            resolved: buffer("merged", wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            read: buffer("merged read", wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST),
        }
    }

    fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.query, 0..1, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.read, 0, 8);
    }

    /// Waits for the answer; `None` when the device was lost, or the picture was not submitted.
    fn wait(&self, gpu: &Gpu) -> Option<bool> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.read.map_async(wgpu::MapMode::Read, .., move |result| {
            // the receiver waits below; were it gone, nobody would want the answer
            drop(sender.send(result));
        });
        gpu.wait();
        receiver.try_recv().ok()?.ok()?;
        let some = self.read.get_mapped_range(..).iter().any(|&b| b != 0);
        self.read.unmap();
        Some(some)
    }
}

/// The layout of group 3.
pub(super) fn layer_layout(gpu: &Gpu) -> wgpu::BindGroupLayout {
    group_layout(
        gpu,
        "layers",
        &[
            texture(Sample::Float { filterable: false }, Dimension::D2Array),
            texture(Sample::Depth, Dimension::D2Array),
        ],
    )
}
