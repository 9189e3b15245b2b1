//! What runs a network.

use crate::NetworkError;
use crate::network;

use super::conv3d;

/// Numbers in rows of rows: the last dimension fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// As many values as the product of those.
    pub values: Vec<f32>,
}

/// A network of one input and one output.
pub trait Network: Send + Sync + std::fmt::Debug {
    /// The answer to an input of the layout that the card names: one, channels, then two or three dimensions.
    ///
    /// # Errors
    /// The network does not take this input.
    fn run(&self, input: Tensor) -> Result<Tensor, NetworkError>;

    /// Name and version of the engine.
    fn engine(&self) -> String;
}

/// A network run by rten, pure Rust and always there.
///
/// rten has no convolutions in three dimensions: they are written as convolutions in two when the network is read.
pub struct Rten(network::Network);

impl std::fmt::Debug for Rten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rten")
    }
}

impl Rten {
    /// Reads an ONNX file. Input and output by name; the only input, the first output where no name is given.
    ///
    /// # Errors
    /// The file is no network, has no input or output of that name, or uses what rten does not have.
    pub fn read(onnx: &[u8], input: Option<&str>, output: Option<&str>) -> Result<Self, NetworkError> {
        let flat = conv3d::flatten(onnx).map_err(elsewhere)?.unwrap_or_else(|| onnx.to_vec());
        Ok(Self(network::Network::read_named(flat, input, output).map_err(elsewhere)?))
    }
}

/// What this engine cannot do another may.
fn elsewhere(error: NetworkError) -> NetworkError {
    error.and("this is what the built-in engine says; ONNX Runtime may run it")
}

impl Network for Rten {
    fn run(&self, input: Tensor) -> Result<Tensor, NetworkError> {
        let (values, shape) = self.0.answer(input.values, &input.shape).map_err(elsewhere)?;
        Ok(Tensor { shape, values })
    }

    fn engine(&self) -> String {
        "rten".to_owned()
    }
}
