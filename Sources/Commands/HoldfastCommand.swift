public enum HoldfastCommand { public static func run() async {} }
