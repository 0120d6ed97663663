# Homebrew on Linux; release.sh fills in version, address and sum.
class Tftop < Formula
  desc "htop for TensorFlow's threads: where each comes from and which limit holds it"
  homepage "@URL@"
  url "@URL@/tftop-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license "Apache-2.0"

  depends_on "rust" => :build
  depends_on :linux

  def install
    system "cargo", "install", *std_cargo_args, "--profile", "dist"
    man1.mkpath
    system bin/"tftop", "man", man1
    generate_completions_from_executable(bin/"tftop", "completions", shells: [:bash, :zsh, :fish])
  end

  test do
    assert_equal "tftop #{version}", shell_output("#{bin}/tftop --version").strip
    assert_match "no process", shell_output("#{bin}/tftop report 4194305 2>&1", 3)
  end
end
