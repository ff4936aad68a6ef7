/// A file of the kernelspec in the wheel.
macro_rules! of_wheel {
    ($name:literal) => {
        include_bytes!(concat!(
            "../wheel/data/share/jupyter/kernels/everloop/",
            $name
        ))
    };
}

/// The logos by the file names that Jupyter looks for: JupyterLab prefers the SVG, the others take the size they need.
pub(crate) const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-svg.svg", of_wheel!("logo-svg.svg")),
    ("logo-32x32.png", of_wheel!("logo-32x32.png")),
    ("logo-64x64.png", of_wheel!("logo-64x64.png")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pngs_have_the_size_in_their_names() {
        for (name, bytes) in &LOGOS[1..] {
            assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
            let (width, height) = (bytes[16..20].to_owned(), bytes[20..24].to_owned());
            let size = u32::from_be_bytes(width.clone().try_into().unwrap());
            assert_eq!(width, height);
            assert_eq!(*name, format!("logo-{size}x{size}.png"));
        }
    }
}
